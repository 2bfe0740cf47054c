"""The sender's exports: the same attempts in several shapes, whole or in part."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .events import Event, build_payload, to_datetime
from .logs import format_time
from .scenarios import PAGE_ROWS, Scenario
from .shapes import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# The dashboard's Logs tab, with two more columns that tell of the endpoint and the result.
_LOGS_TAB = (
    "HTTP Status Code",
    "ID",
    "Time",
    "Event",
    "Idempotency",
    "Response Body",
    "Webhook URL",
    "Status",
)
# The wording of the sender's troubleshooting page: the uuid is only inside the payload.
_GUIDE = (
    "Timestamp",
    "Event Type",
    "Endpoint URL",
    "Status",
    "HTTP Status Code",
    "Payload",
    "Response",
)


@dataclass(frozen=True)
class Attempt:
    """One HTTP try, as the sender's dashboard lists it; or an event that was never tried."""

    id: str
    at: int
    event: Event
    url: str
    status: str
    """Success, Failed, Pending; empty: the event is listed, and was never posted."""
    http_status: int | None
    response: str

    @property
    def undecided(self) -> Attempt:
        """The same attempt, seen before its result was in."""
        return Attempt(self.id, self.at, self.event, self.url, "Pending", None, "")


def write_exports(folder: Path, attempts: list[Attempt], scenario: Scenario) -> list[Attempt]:
    """Export `attempts` as the scenario says; returns those that are in the files."""
    ordered = sorted(attempts, key=lambda a: (a.at, a.event.uuid, a.url))
    numbered = [replace(a, id=str(71_000_000 + 7 * n)) for n, a in enumerate(ordered)]
    shown = _select_rows(numbered, scenario)
    path = folder / f"webhook-logs-{to_datetime(scenario.end):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    if scenario.export == "two":
        early = to_datetime(scenario.end - 9 * HOUR)
        first = folder / f"webhook-logs-{early:%Y-%m-%d}"
        _write_two(first.with_suffix(".csv"), path.with_suffix(".json"), shown, scenario.end)
    elif scenario.export == "events":
        _write_json(path.with_suffix(".json"), shown, _tell_event)
    else:
        _write_csv(path.with_suffix(".csv"), shown, scenario.export)
    return shown


def sees(scenario: Scenario, shown: list[Attempt], at: int) -> bool:
    """Whether the exports would show any attempt made at the time `at`."""
    if scenario.rows == "all":
        return True
    return scenario.rows != "failed" and bool(shown) and at >= shown[0].at


def _select_rows(attempts: list[Attempt], scenario: Scenario) -> list[Attempt]:
    if scenario.rows == "failed":
        return [attempt for attempt in attempts if attempt.status == "Failed"]
    if scenario.rows == "capped":
        return attempts[-PAGE_ROWS:]
    if scenario.rows == "expired":
        gone = (scenario.begin + scenario.end) // 2
        return [attempt for attempt in attempts if attempt.at >= gone]
    return attempts


def _write_two(first: Path, second: Path, attempts: list[Attempt], end: int) -> None:
    """An export whose newest attempts are still pending, and a later one that overlaps it."""
    taken = end - 9 * HOUR
    early = [attempt for attempt in attempts if attempt.at < taken]
    undecided = early[-4:]
    early[-4:] = [attempt.undecided for attempt in undecided]
    since = min([taken - 3 * HOUR, *(attempt.at for attempt in undecided)])
    _write_csv(first, early, "logs")
    _write_json(second, [a for a in attempts if a.at >= since], _tell_attempt)


def _write_csv(path: Path, attempts: Iterable[Attempt], kind: str) -> None:
    """A table as the dashboard shows it, newest first."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_GUIDE if kind == "guide" else _LOGS_TAB)
    for a in sorted(attempts, key=lambda attempt: attempt.at, reverse=True):
        code = "" if a.http_status is None else a.http_status
        if kind == "guide":
            payload = json.dumps(build_payload(a.event))
            time = f"{to_datetime(a.at):%Y-%m-%d %H:%M:%S} UTC"
            rows.writerow((time, a.event.type, a.url, a.status, code, payload, a.response))
            continue
        time = format_time(a.at)
        if kind == "day_first":
            time = f"{to_datetime(a.at):%d/%m/%Y %H:%M:%S} UTC"
        rows.writerow((code, a.id, time, a.event.type, a.event.uuid, a.response, a.url, a.status))
    path.write_bytes(text.getvalue().encode())


def _write_json(
    path: Path, attempts: Iterable[Attempt], tell: Callable[[Attempt], dict[str, object]]
) -> None:
    """The same facts as JSON, oldest first."""
    rows = [json.dumps(tell(a)) for a in sorted(attempts, key=lambda attempt: attempt.at)]
    text = '{"count": ' + str(len(rows)) + ', "results": [\n' + ",\n".join(rows) + "\n]}\n"
    path.write_bytes(text.encode())


def _tell_attempt(a: Attempt) -> dict[str, object]:
    """One attempt, with its payload."""
    return {
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


def _tell_event(a: Attempt) -> dict[str, object]:
    """One attempt under its event; or an event that has none."""
    tried = {
        "id": a.id,
        "time": format_time(a.at),
        "status": a.status,
        "http_status_code": a.http_status,
        "response_body": a.response,
    }
    return {
        "created_at": format_time(a.event.at),
        "event": a.event.type,
        "webhook_event_uuid": a.event.uuid,
        "webhook_url": a.url,
        **(tried if a.status else {}),
    }
