"""The logs of the receiver's machines: lines that rotate, are packed, and may be lost.

Times come in as true time and are written as the machine's own clock shows them.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

from .events import Event, to_datetime
from .faults import DAY, MINUTE, Post
from .scenarios import local_zone

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What the applications say at each step, and how loud.
_SAYS = {
    "received": ("info", "webhook received"),
    "verified": ("info", "signature verified"),
    "processed": ("info", "webhook processed"),
    "duplicate": ("info", "duplicate webhook ignored"),
    "signature_failed": ("warning", "invalid signature, webhook ignored"),
    "signature_missing": ("warning", "missing signature, webhook refused"),
    "failed": ("error", "webhook failed: KeyError('ticket_items')"),
}


@dataclass(frozen=True)
class Clock:
    """How a receiving machine sees time, all in milliseconds: ahead of the truth, and drifting."""

    start: int
    ahead: int = 0
    drift_ppm: int = 0
    zone: int = 0
    """Its local zone, ahead of UTC: its logs rotate at local midnight."""
    step: int = 0
    """By how much it is set at the moment `step_at`."""
    step_at: int = 0

    def show(self, at: int) -> int:
        """What the clock shows at the true time `at`, as UTC."""
        step = self.step if at >= self.step_at else 0
        return at + self.ahead + step + (at - self.start) * self.drift_ppm // 1_000_000


@dataclass(frozen=True)
class Request:
    """One POST as it comes in; times are milliseconds since 1970, UTC."""

    event: Event
    names_event: bool
    """Whether its body is a webhook's."""
    post: Post
    path: str
    source_ip: str
    id: str
    sent: int
    arrives: int
    done: int


@dataclass
class Log:
    """One log of one machine, in all its rotated files; lines may come in any order."""

    path: str
    clock: Clock
    names_events: bool = True
    """Whether its lines hold the event's uuid."""
    absent: bool = False
    """Nobody handed it in."""
    damaged_until: int = 0
    """Packed files, of whole local days, were damaged up to here."""
    silent: list[tuple[int, int]] = field(default_factory=list)
    """True times, milliseconds, from and to, of which no line is left."""
    lines: list[tuple[int, str]] = field(default_factory=list)

    def keeps(self, at: int) -> bool:
        """Whether a line that is written at the true time `at` can still be read."""
        return not (
            self.absent
            or at < self.clock.start
            or (self.clock.show(at) + self.clock.zone) < self.damaged_until
            or any(start <= at < end for start, end in self.silent)
        )

    def write(self, at: int, text: str) -> None:
        """Write one line at the true time `at`; some are lost at once."""
        lost_for_good = at < self.clock.start or any(a <= at < b for a, b in self.silent)
        if not lost_for_good:
            self.lines.append((at, text))

    def save(self, folder: Path) -> None:
        """Write the newest day as `name`, the day before as `name.1`, older ones as `name.N.gz`.

        Nothing of a log that is absent. Damaged days are packed, and a bit in the middle is turned.
        """
        days: dict[int, list[str]] = {}
        if self.absent:
            return
        for at, text in sorted(self.lines, key=lambda line: line[0]):
            days.setdefault((self.clock.show(at) + self.clock.zone) // DAY, []).append(text)
        for age, day in enumerate(sorted(days, reverse=True)):
            data = "".join(f"{text}\n" for text in days[day]).encode()
            name = self.path + ("" if age == 0 else f".{age}")
            damaged = day * DAY < self.damaged_until
            if age > 1 or damaged:
                name, data = f"{name}.gz", gzip.compress(data, mtime=0)
            if damaged:
                middle = len(data) // 2
                data = data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :]
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


class EdgeLog(Log):
    """nginx, `combined`: one line when a request ends, local time, whole seconds.

    Where it names events, the request's body follows, as `$request_body` writes it.
    """

    def request(
        self, at: int, source_ip: str, request: str, answer: tuple[int, int, str], body: str = "-"
    ) -> None:
        """Write a request that ended at `at`; `answer` is status, bytes and user agent."""
        zone = self.clock.zone
        local = to_datetime(self.clock.show(at) + zone)
        hours, minutes = divmod(abs(zone) // MINUTE, 60)
        offset = f"{'-' if zone < 0 else '+'}{hours:02}{minutes:02}"
        time = f"{local:%d}/{_MONTHS[local.month - 1]}/{local:%Y:%H:%M:%S} {offset}"
        status, size, agent = answer
        line = f'{source_ip} - - [{time}] "{request} HTTP/1.1" {status} {size} "-" "{agent}"'
        if self.names_events:
            line += f' "{body}"'
        self.write(at, line)


def escape_body(event: Event) -> str:
    """A webhook's body as nginx writes `$request_body`."""
    body = {"id": event.transaction_id, "event_type": event.type, "webhook_event_uuid": event.uuid}
    return json.dumps(body, separators=(",", ":")).replace('"', r"\x22")


class JsonLog(Log):
    """An application's steps and signs of life, one JSON object a line, time in UTC."""

    def step(self, at: int, name: str, request: Request, answered: tuple[int, int] | None) -> None:
        """A step of a request; the last one has its status, and how long it took."""
        level, says = _SAYS[name]
        event = request.event
        fields: dict[str, object] = {"request_id": request.id, "webhook_event_uuid": event.uuid}
        if name == "received":
            fields |= {"transaction_id": event.transaction_id, "event_type": event.type}
            fields |= {"method": "POST", "path": request.path, "ip": request.source_ip}
        if answered:
            fields |= dict(zip(("status", "duration_ms"), answered, strict=True))
        self._say(at, level, says, fields)

    def beat(self, at: int) -> None:
        self._say(at, "info", "heartbeat", {})

    def _say(self, at: int, level: str, says: str, fields: dict[str, object]) -> None:
        time = format_time(self.clock.show(at))
        line = {"time": time, "level": level, "msg": says, **fields}
        self.write(at, json.dumps(line, separators=(",", ":")))


class TextLog(Log):
    """The same as plain text with `key=value` pairs, time in UTC with its offset."""

    def step(self, at: int, name: str, request: Request, answered: tuple[int, int] | None) -> None:
        level, says = _SAYS[name]
        event = request.event
        text = f"{says} webhook_event_uuid={event.uuid} request_id={request.id}"
        if name == "received":
            text += f" event_type={event.type} from {request.source_ip} POST {request.path}"
        if answered:
            text += " status={} duration_ms={}".format(*answered)
        self._say(at, level, "crm.webhooks", text)

    def beat(self, at: int) -> None:
        self._say(at, "info", "crm.worker", "heartbeat queue=0")

    def _say(self, at: int, level: str, logger: str, text: str) -> None:
        self.write(at, f"{self._time(at)} {level.upper()} {logger}: {text}")

    def _time(self, at: int) -> str:
        return format_time(self.clock.show(at)).replace("Z", "+00:00")


class LocalTextLog(TextLog):
    """The same as Python's `logging` writes it: local time, and no zone."""

    def _time(self, at: int) -> str:
        shown = self.clock.show(at)
        return format_time(shown + local_zone(shown))[:-1].replace("T", " ").replace(".", ",")


def format_time(at: int) -> str:
    """Milliseconds since 1970 as `2026-11-22T14:03:07.123Z`."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"
