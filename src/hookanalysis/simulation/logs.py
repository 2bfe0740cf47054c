"""The files that a sender and a receiver leave behind: exports, and logs that rotate.

Times come in as true time and are written as the machine's own clock shows them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .events import DAY, Event, build_payload, to_datetime
from .faults import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What the applications say at each step, and how loud.
_SAYS = {
    "received": ("info", "webhook received"),
    "verified": ("info", "signature verified"),
    "processed": ("info", "webhook processed"),
    "duplicate": ("info", "duplicate webhook ignored"),
    "signature_failed": ("warning", "invalid signature, webhook ignored"),
    "failed": ("error", "webhook failed: KeyError('ticket_items')"),
}

_CSV_HEADER = (
    "HTTP Status Code",
    "ID",
    "Time",
    "Event",
    "Idempotency",
    "Response Body",
    "Webhook URL",
    "Status",
)


@dataclass(frozen=True)
class Clock:
    """How a receiving machine sees time, all in milliseconds: ahead of the truth, and drifting."""

    start: int
    ahead: int = 0
    drift_ppm: int = 0
    zone: int = 0
    """Its local zone, ahead of UTC: its logs rotate at local midnight."""

    def show(self, at: int) -> int:
        """What the clock shows at the true time `at`, as UTC."""
        return at + self.ahead + (at - self.start) * self.drift_ppm // 1_000_000


@dataclass(frozen=True)
class Step:
    """One line of an application about one request."""

    name: str
    event: Event
    request_id: str
    path: str
    source_ip: str
    http_status: int | None = None
    duration_ms: int | None = None


@dataclass
class Log:
    """One log of one machine, in all its rotated files.

    Lines may come in any order; those of a silent span, or from before `start`, are lost.
    """

    path: str
    clock: Clock
    silent: list[tuple[int, int]] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)

    def write(self, at: int, text: str) -> None:
        """Write one line at the true time `at`."""
        self.lines.append((at, text))

    def kept(self) -> list[tuple[int, str]]:
        """The lines that are in the files, in order, with the time that the clock showed."""
        return [
            (self.clock.show(at), text)
            for at, text in sorted(self.lines, key=lambda line: line[0])
            if at >= self.clock.start and not any(a <= at < b for a, b in self.silent)
        ]

    def save(self, folder: Path) -> None:
        """Write the newest day as `name`, the day before as `name.1`, older ones as `name.N.gz`."""
        days: dict[int, list[str]] = {}
        for at, text in self.kept():
            days.setdefault((at + self.clock.zone) // DAY, []).append(text)
        for age, day in enumerate(sorted(days, reverse=True)):
            data = "".join(f"{text}\n" for text in days[day]).encode()
            name = self.path + ("" if age == 0 else f".{age}")
            if age > 1:
                name, data = f"{name}.gz", gzip.compress(data, mtime=0)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


class EdgeLog(Log):
    """nginx, `combined`: one line when a request ends, local time, whole seconds, no uuid."""

    def request(self, at: int, source_ip: str, request: str, answer: tuple[int, int, str]) -> None:
        """Write a request that ended at `at`; `answer` is status, bytes and user agent."""
        zone = self.clock.zone
        local = to_datetime(self.clock.show(at) + zone)
        hours, minutes = divmod(abs(zone) // MINUTE, 60)
        offset = f"{'-' if zone < 0 else '+'}{hours:02}{minutes:02}"
        time = f"{local:%d}/{_MONTHS[local.month - 1]}/{local:%Y:%H:%M:%S} {offset}"
        status, size, agent = answer
        self.write(
            at, f'{source_ip} - - [{time}] "{request} HTTP/1.1" {status} {size} "-" "{agent}"'
        )


class AppLog(Log):
    """The log of an application: steps of requests, and signs of life in between."""

    def step(self, at: int, step: Step) -> None:
        """Write what the application does with a request."""
        raise NotImplementedError

    def beat(self, at: int) -> None:
        """Write a sign of life."""
        raise NotImplementedError


class JsonLog(AppLog):
    """One JSON object a line, time in UTC with milliseconds."""

    def step(self, at: int, step: Step) -> None:
        """Write what the application does with a request."""
        level, says = _SAYS[step.name]
        fields: dict[str, object] = {
            "request_id": step.request_id,
            "webhook_event_uuid": step.event.uuid,
        }
        if step.name == "received":
            fields |= {
                "transaction_id": step.event.transaction_id,
                "event_type": step.event.type,
                "method": "POST",
                "path": step.path,
                "ip": step.source_ip,
            }
        if step.http_status is not None:
            fields |= {"status": step.http_status, "duration_ms": step.duration_ms}
        self._say(at, level, says, fields)

    def beat(self, at: int) -> None:
        """Write a sign of life."""
        self._say(at, "info", "heartbeat", {})

    def _say(self, at: int, level: str, says: str, fields: dict[str, object]) -> None:
        time = format_time(self.clock.show(at))
        line = {"time": time, "level": level, "msg": says, **fields}
        self.write(at, json.dumps(line, separators=(",", ":")))


class TextLog(AppLog):
    """Plain text with `key=value` pairs, time in UTC with its offset."""

    def step(self, at: int, step: Step) -> None:
        """Write what the application does with a request."""
        level, says = _SAYS[step.name]
        told = [f"webhook_event_uuid={step.event.uuid}", f"request_id={step.request_id}"]
        if step.name == "received":
            told += [f"event_type={step.event.type}", f"from {step.source_ip}", f"POST {step.path}"]
        if step.http_status is not None:
            told += [f"status={step.http_status}", f"duration_ms={step.duration_ms}"]
        self._say(at, level, "crm.webhooks", f"{says} {' '.join(told)}")

    def beat(self, at: int) -> None:
        """Write a sign of life."""
        self._say(at, "info", "crm.worker", "heartbeat queue=0")

    def _say(self, at: int, level: str, logger: str, text: str) -> None:
        time = format_time(self.clock.show(at)).replace("Z", "+00:00")
        self.write(at, f"{time} {level.upper()} {logger}: {text}")


@dataclass(frozen=True)
class Attempt:
    """One HTTP try, as the sender's dashboard lists it."""

    id: str
    at: int
    event: Event
    url: str
    status: str
    http_status: int | None
    response: str

    @property
    def undecided(self) -> Attempt:
        """The same attempt, seen before its result was in."""
        return Attempt(self.id, self.at, self.event, self.url, "Pending", None, "")


def write_csv_export(path: Path, attempts: Iterable[Attempt]) -> None:
    """The dashboard's Logs tab with two more columns, newest first."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_CSV_HEADER)
    for a in sorted(attempts, key=lambda attempt: attempt.at, reverse=True):
        code = "" if a.http_status is None else a.http_status
        rows.writerow(
            (code, a.id, format_time(a.at), a.event.type, a.event.uuid, a.response, a.url, a.status)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode())


def write_json_export(path: Path, attempts: Iterable[Attempt]) -> None:
    """The same facts as JSON, with payloads, oldest first."""
    rows = [
        json.dumps(
            {
                "id": a.id,
                "time": format_time(a.at),
                "event": a.event.type,
                "idempotency": a.event.uuid,
                "webhook_url": a.url,
                "status": a.status,
                "http_status_code": a.http_status,
                "response_body": a.response,
                "payload": build_payload(a.event),
            }
        )
        for a in sorted(attempts, key=lambda attempt: attempt.at)
    ]
    text = '{"count": ' + str(len(rows)) + ', "results": [\n' + ",\n".join(rows) + "\n]}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def format_time(at: int) -> str:
    """Milliseconds since 1970 as `2026-11-22T14:03:07.123Z`."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"
