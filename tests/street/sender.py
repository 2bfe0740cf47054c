"""Writing down the sender's export, in the shapes that dashboards and APIs give."""

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from .acts import Acts, Attempt
from .dice import Dice
from .receiver import iso, utc

ERRORS = {
    "timeout": "Read timed out. (read timeout=10)",
    "refused": "[Errno 111] Connection refused",
    "dns": "[Errno -2] Name or service not known: could not resolve host",
    "tls": "SSL: CERTIFICATE_VERIFY_FAILED certificate has expired",
}
PHRASES = {200: "OK", 202: "Accepted", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def choose(acts: Acts) -> None:
    """Decide which attempts the export lists, and which of them are still open in it."""
    plan, dice = acts.plan, Dice(acts.plan.number, 3)
    lost = {a.event.key for a in acts.attempts if dice.chance(plan.orphans)}
    cut = plan.duration * dice.between(0.1, 0.3) if plan.export == "cut" else 0.0
    for attempt in acts.attempts:
        if dice.chance(plan.stuck) or attempt.known > acts.end:
            attempt.word, attempt.seen, attempt.error = "pending", None, ""
        attempt.listed = (
            attempt.event.key not in lost
            and attempt.at >= cut
            and not (plan.export == "failures" and attempt.word != "failed")
            and not (plan.hooks == "one_listed" and attempt.hook == 1)
            and not (attempt.word == "pending" and plan.shape != "showpass_table")
        )


def write(acts: Acts, folder: Path) -> list[dict[str, str]]:
    """Write the export's files; return what the settings must say of each."""
    folder.mkdir(parents=True)
    return WRITERS[acts.plan.shape](acts, folder)


def _listed(acts: Acts) -> list[Attempt]:
    listed = [attempt for attempt in acts.attempts if attempt.listed]
    return sorted(listed, key=lambda attempt: -attempt.at)


def _table(folder: Path, name: str, head: list[str], rows: list[list[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([head, *rows])
    (folder / name).write_text(text.getvalue())


def _payload(attempt: Attempt) -> str:
    event = attempt.event
    data = {"transaction_id": event.transaction, "customer_name": "Jane Doe"}
    head = {"id": event.transaction, "data": data, "event_type": event.kind}
    return json.dumps(head | {"webhook_event_uuid": event.key})


def _showpass_table(acts: Acts, folder: Path) -> list[dict[str, str]]:
    zone = acts.plan.export_zone
    rows: list[list[object]] = []
    for attempt in _listed(acts):
        time = iso(acts.base + attempt.at, 3, zone, " ")
        seen = attempt.seen
        code = f"{seen} {PHRASES.get(seen, 'Error')}" if seen else ""
        answer = ERRORS.get(attempt.error, '{"status":"ok"}' if seen else "")
        word = attempt.word.capitalize()
        rows.append(
            [time, attempt.event.kind, attempt.shown, word, code, _payload(attempt), answer]
        )
    head = ["Timestamp", "Event Type", "Endpoint URL", "Status", "HTTP Status Code", "Payload"]
    _table(folder, "event-logs.csv", [*head, "Response"], rows)
    return [{"match": "*sender/event-logs.csv", "timezone": zone}]


def _by_url(acts: Acts) -> list[tuple[str, str, list[Attempt]]]:
    """Split the export as a dashboard does that shows one hook at a time."""
    parts = []
    for number, url in enumerate(acts.urls):
        for hook in range(2 if acts.plan.hooks == "both_listed" else 1):
            part = [a for a in _listed(acts) if a.shown == url and a.hook == hook]
            parts.append((f"hook-{number}{hook}", url, part))
    return parts


def _showpass_logs(acts: Acts, folder: Path) -> list[dict[str, str]]:
    zone, told = acts.plan.export_zone, []
    for name, url, attempts in _by_url(acts):
        rows: list[list[object]] = []
        for attempt in attempts:
            moment = datetime.fromtimestamp(acts.base + attempt.at, ZoneInfo(zone))
            time = f"{moment:%b} {moment.day}, {moment:%Y %I:%M:%S %p}"
            answer = ERRORS.get(attempt.error, "ok" if attempt.seen else "")
            event = attempt.event
            rows.append([attempt.seen or "", attempt.number, time, event.kind, event.key, answer])
        head = ["HTTP Status Code", "ID", "Time", "Event", "Idempotency", "Response Body"]
        _table(folder, f"{name}.csv", head, rows)
        told.append({"match": f"*sender/{name}.csv", "timezone": zone, "endpoint": url})
    return told


def _github(acts: Acts, folder: Path) -> list[dict[str, str]]:
    told = []
    for name, url, attempts in _by_url(acts):
        rows = [
            {
                "id": 184467400000 + attempt.number,
                "guid": attempt.event.key,
                "delivered_at": iso(acts.base + attempt.at),
                "redelivery": attempt.nth > 1,
                "duration": round(attempt.known - attempt.at, 2),
                "status": _github_status(attempt),
                "status_code": attempt.seen or 0,
                "event": "push",
                "action": None,
                "installation_id": None,
                "repository_id": 70000,
                "throttled_at": None,
            }
            for attempt in attempts
        ]
        (folder / f"{name}.json").write_text(json.dumps(rows, indent=1))
        told.append({"match": f"*sender/{name}.json", "endpoint": url})
    return told


def _github_status(attempt: Attempt) -> str:
    if attempt.seen:
        return "OK" if attempt.seen < 300 else f"Invalid HTTP Response: {attempt.seen}"
    causes = {"timeout": "timed out", "refused": "failed to connect to host: connection refused"}
    return causes.get(attempt.error, ERRORS.get(attempt.error, ""))


def _svix(acts: Acts, folder: Path) -> list[dict[str, str]]:
    rows = [
        {
            "id": f"atmpt_{attempt.number}",
            "msgId": attempt.event.key,
            "endpointId": "ep_1",
            "timestamp": iso(acts.base + attempt.at, 6),
            "status": 0 if attempt.word == "success" else 2,
            "responseStatusCode": attempt.seen or 0,
            "responseDurationMs": round(1000 * (attempt.known - attempt.at)),
            "response": ERRORS.get(attempt.error, "ok"),
            "triggerType": int(attempt.by_hand),
            "url": attempt.shown,
            "msg": {"eventType": attempt.event.kind},
        }
        for attempt in _listed(acts)
    ]
    (folder / "attempts.json").write_text(json.dumps({"data": rows, "done": True}, indent=1))
    return []


def _stripe(acts: Acts, folder: Path) -> list[dict[str, str]]:
    rows = [
        {
            "id": attempt.event.key,
            "object": "event",
            "created": int(acts.base + attempt.event.at),
            "data": {"object": {"object": "charge", "amount": 4500}},
            "livemode": True,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": "charge.succeeded",
        }
        for attempt in _listed(acts)
    ]
    whole = {"object": "list", "url": "/v1/events", "has_more": False, "data": rows}
    (folder / "events.json").write_text(json.dumps(whole, indent=1))
    return [{"match": "*sender/events.json", "endpoint": acts.urls[0]}]


def _gitlab(acts: Acts, folder: Path) -> list[dict[str, str]]:
    plan, rows = acts.plan, []
    for attempt in _listed(acts):
        clock = acts.base + attempt.known  # of whoever answered: ours, or another's that is right
        if attempt.request:
            answered = attempt.request.answered
            clock = acts.base + answered + plan.offset + plan.drift * answered
        date = f"{utc(clock):%a, %d %b %Y %H:%M:%S} GMT"
        headers = {"Date": date, "Content-Type": "application/json"} if attempt.seen else {}
        rows.append(
            {
                "id": attempt.number,
                "url": attempt.shown,
                "trigger": "push_hooks",
                "request_headers": {
                    "User-Agent": "GitLab/18.5.1",
                    "Idempotency-Key": attempt.event.key,
                    "X-Gitlab-Event": "Push Hook",
                },
                "request_data": {"object_kind": "push"},
                "response_headers": headers,
                "response_body": "[]" if attempt.seen else "",
                "execution_duration": round(attempt.known - attempt.at, 2),
                "response_status": str(attempt.seen or "internal error"),
            }
        )
    (folder / "hook-events.json").write_text(json.dumps(rows, indent=1))
    return []


def _generic(acts: Acts, folder: Path) -> list[dict[str, str]]:
    words = Dice(acts.plan.number, 4).pick(
        (("delivered", "failed"), ("success", "error"), ("ok", "failed"), ("sent", "failed"))
    )
    rows: list[list[object]] = [
        [
            attempt.event.key,
            f"a-{attempt.number}",
            iso(acts.base + attempt.at),
            attempt.event.kind,
            attempt.shown,
            words[0] if attempt.word == "success" else words[1],
            attempt.seen or "",
            ERRORS.get(attempt.error, ""),
        ]
        for attempt in _listed(acts)
    ]
    head = ["event_id", "attempt_id", "attempted_at", "event_type", "url", "status"]
    _table(folder, "attempts.csv", [*head, "status_code", "error"], rows)
    return []


WRITERS: dict[str, Callable[[Acts, Path], list[dict[str, str]]]] = {
    "showpass_table": _showpass_table,
    "showpass_logs": _showpass_logs,
    "github": _github,
    "svix": _svix,
    "stripe": _stripe,
    "gitlab": _gitlab,
    "generic": _generic,
}
