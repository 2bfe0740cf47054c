"""The sender's exports: the same attempts in several shapes, whole or in part."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .events import Event, build_payload, to_datetime
from .faults import HOUR
from .logs import format_time
from .scenarios import PAGE_ROWS, Scenario

# The dashboard's Logs tab, with two more columns that tell of the endpoint and the result.
_LOGS_TAB = "HTTP Status Code,ID,Time,Event,Idempotency,Response Body,Webhook URL,Status"
# The wording of the sender's troubleshooting page: the uuid is only inside the payload.
_GUIDE = "Timestamp,Event Type,Endpoint URL,Status,HTTP Status Code,Payload,Response"


@dataclass(frozen=True)
class Attempt:
    """One HTTP try, as the sender's dashboard lists it; or an event that was never tried."""

    id: str
    at: int
    event: Event
    url: str
    status: str
    """Success, Failed, Pending; empty: the event is listed, and was never posted."""
    http_status: int
    """0: no answer."""
    response: str


def write_exports(folder: Path, attempts: list[Attempt], scenario: Scenario) -> list[Attempt]:
    """Export `attempts` as the scenario says; returns those that are in the files."""
    ordered = sorted(attempts, key=lambda a: (a.at, a.event.uuid, a.url))
    numbered = [replace(a, id=str(71_000_000 + 7 * n)) for n, a in enumerate(ordered)]
    shown = _select_rows(numbered, scenario)
    path = folder / f"webhook-logs-{to_datetime(scenario.end):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    if scenario.export == "two":
        taken = scenario.end - 9 * HOUR
        first = folder / f"webhook-logs-{to_datetime(taken):%Y-%m-%d}.csv"
        _write_two(first, path.with_suffix(".json"), shown, taken)
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


def _write_two(first: Path, second: Path, attempts: list[Attempt], taken: int) -> None:
    """An export whose newest attempts are still pending, and a later one that overlaps it."""
    early = [attempt for attempt in attempts if attempt.at < taken]
    since = min([taken - 3 * HOUR, *(attempt.at for attempt in early[-4:])])
    early[-4:] = [replace(a, status="Pending", http_status=0, response="") for a in early[-4:]]
    _write_csv(first, early, "logs")
    _write_json(second, [a for a in attempts if a.at >= since], _tell_attempt)


def _write_csv(path: Path, attempts: Iterable[Attempt], kind: str) -> None:
    """A table as the dashboard shows it, newest first."""
    text = io.StringIO(newline="")
    text.write(f"{_GUIDE if kind == 'guide' else _LOGS_TAB}\r\n")
    rows = csv.writer(text, lineterminator="\r\n")
    for a in sorted(attempts, key=lambda attempt: attempt.at, reverse=True):
        code = a.http_status or ""
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
    event = {"event": a.event.type, "idempotency": a.event.uuid, "webhook_url": a.url}
    tried, result = _tell_try(a)
    return {**tried, **event, **result, "payload": build_payload(a.event)}


def _tell_event(a: Attempt) -> dict[str, object]:
    """One attempt under its event; or an event that has none."""
    event = {"event": a.event.type, "webhook_event_uuid": a.event.uuid, "webhook_url": a.url}
    tried, result = _tell_try(a) if a.status else ({}, {})
    return {"created_at": format_time(a.event.at), **event, **tried, **result}


def _tell_try(a: Attempt) -> tuple[dict[str, object], dict[str, object]]:
    """When it was made, and what came of it."""
    result = {"http_status_code": a.http_status or None, "response_body": a.response}
    return {"id": a.id, "time": format_time(a.at)}, {"status": a.status, **result}
