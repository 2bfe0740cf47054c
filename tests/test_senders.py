"""Senders: the export of each, and a receiver's log that names its events, become verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
from hookanalysis.settings import Known

DAY = datetime(2026, 11, 20, tzinfo=UTC)
URL = "https://shop.example/hooks"


@dataclass(frozen=True)
class Try:
    """One attempt of the story: the event's number, minutes since the start, and the answer."""

    event: int
    minute: float
    code: int | None  # None: no answer in time

    @property
    def ok(self) -> bool:
        return self.code == 200

    @property
    def at(self) -> datetime:
        return DAY + timedelta(hours=6, minutes=self.minute)

    @property
    def time(self) -> str:
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @property
    def number(self) -> int:
        """Of the attempt; larger than a float holds exactly."""
        return 9007199254740993 + int(self.minute * 100)


# One event arrives at once; one fails first; one is refused; one is timed out, yet handled; of
# those that the sender alone calls delivered, one never comes.
FATES = ("delivered", "recovered", "refused", "unacknowledged", "delivered")
ROUNDS = 12
LOST = 24


def fate_of(event: int) -> str:
    return "missed" if event == LOST else FATES[event % 5]


def story() -> list[Try]:
    tries = []
    for turn in range(ROUNDS):
        first, minute = 5 * turn, 60 * turn
        tries += [
            Try(first, minute, 200),
            Try(first + 1, minute + 10, 500),
            Try(first + 1, minute + 15, 200),
            Try(first + 2, minute + 20, 422),
            Try(first + 3, minute + 30, None),
            Try(first + 4, minute + 40, 200),
        ]
    return tries


def write_log(folder: Path, name_event: Callable[[int], dict[str, Any]]) -> Path:
    """The application's log: a line each minute, and one for each request that came."""
    lines: list[tuple[datetime, dict[str, Any]]] = []
    for minute in range(24 * 60):
        at = DAY + timedelta(minutes=minute, seconds=30)
        lines.append((at, {"level": "info", "msg": "alive"}))
    for one in story():
        if one.event == LOST:
            continue
        code = one.code or 200
        said = {200: "webhook processed", 422: "webhook rejected"}.get(code, "webhook failed")
        told = {"level": "info", "msg": said, "status": code, "method": "POST", "path": "/hooks"}
        lines.append((one.at + timedelta(seconds=1), told | name_event(one.event)))
    text = "".join(
        json.dumps({"time": at.isoformat().replace("+00:00", "Z"), **line}) + "\n"
        for at, line in sorted(lines, key=lambda line: line[0])
    )
    path = folder / "app.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def reconcile(
    export: Path, log: Path, event_of: Callable[[int], str], **known: Any
) -> dict[str, set[str]]:
    """The outcomes of the story's events, by their fate; the log is loaded before the export."""
    sources = (Known("*/export", **known),) if known else ()
    settings = ha.Settings(grace_minutes=0, endpoints=(URL,), sources=sources)
    with ha.connect(":memory:", settings=settings) as ws:
        for path in (log, export):
            report = ws.load(path)
            assert not report.refused, str(report)
        ws.reconcile()
        found = dict(ws.rows("SELECT event_uuid, outcome FROM deliveries"))
    outcomes: dict[str, set[str]] = {}
    for event in range(5 * ROUNDS):
        outcomes.setdefault(fate_of(event), set()).add(found.pop(event_of(event), "unknown"))
    assert not found
    return outcomes


def uuid(event: int) -> str:
    return f"0b989ba4-242f-11e5-81e1-{event:012d}"


def evt(event: int) -> str:
    return f"evt_01ghbkd0frb9k95cnhwd1bx{event:03d}"


def github(tries: list[Try]) -> list[Any]:
    words = {None: ("timed out", 0), 200: ("OK", 200)}
    return [
        {
            "id": one.number,
            "guid": uuid(one.event).upper(),
            "delivered_at": one.time,
            "redelivery": False,
            "duration": 0.27,
            "status": words.get(one.code, (f"Invalid HTTP Response: {one.code}",))[0],
            "status_code": words.get(one.code, ("", one.code))[1],
            "event": "push",
            "action": None,
        }
        for one in tries
    ]


def svix(tries: list[Try]) -> Any:
    return {
        "data": [
            {
                "id": f"atmpt_1srOrx2ZWZBpBUvZw{one.number}",
                "endpointId": "ep_1srOrx2ZWZBpBUvZwXKQmoEYga2",
                "msgId": f"msg_1srOrx2ZWZBpBUvZwXKQm{one.event:06d}",
                "url": URL,
                "response": "" if one.code else "timeout",
                "responseStatusCode": one.code or 0,
                "responseDurationMs": 12,
                "status": 0 if one.ok else 2,
                "triggerType": 0,
                "timestamp": one.time,
            }
            for one in tries
        ],
        "iterator": "x",
        "done": True,
    }


def hookdeck(tries: list[Try]) -> Any:
    models = [
        {
            "id": f"atm_{one.number}",
            "team_id": "tm_5b3mzbxk83c0k7i",
            "event_id": evt(one.event),
            "response_status": one.code,
            "error_code": None if one.code else "TIMEOUT",
            "requested_url": URL,
            "status": "SUCCESSFUL" if one.ok else "FAILED",
            "created_at": one.time,
        }
        for one in tries
    ]
    return {"pagination": {"limit": 100}, "count": len(models), "models": models}


def outpost(tries: list[Try]) -> Any:
    models = [
        {
            "id": f"atm_{one.number}",
            "status": "success" if one.ok else "failed",
            "time": one.time,
            "code": str(one.code or "timeout"),
            "attempt_number": 1,
            "manual": False,
            "event_id": evt(one.event),
            "destination_id": "des_456",
        }
        for one in tries
    ]
    return {"models": models, "pagination": {"next": None}}


def by_event(tries: list[Try]) -> dict[int, list[Try]]:
    events: dict[int, list[Try]] = {}
    for one in tries:
        events.setdefault(one.event, []).append(one)
    return events


def paddle(tries: list[Try]) -> Any:
    return {
        "data": [
            {
                "id": f"ntf_{event}",
                "type": "transaction.paid",
                "status": "delivered" if attempts[-1].ok else "failed",
                "payload": {"event_id": evt(event)},
                "occurred_at": attempts[0].time,
                "last_attempt_at": attempts[-1].time,
                "times_attempted": len(attempts),
                "notification_setting_id": "ntfset_1",
                "logs": [
                    {
                        "id": f"ntflog_{one.number}",
                        "response_code": one.code or 0,
                        "response_body": "" if one.code else "timeout",
                        "attempted_at": one.time,
                    }
                    for one in attempts
                ],
            }
            for event, attempts in by_event(tries).items()
        ],
        "meta": {"request_id": "x"},
    }


def convoy(tries: list[Try]) -> Any:
    content = [
        {
            "uid": f"01HZ51N5MS2K8R3X0Y9P{event:06d}",
            "event_id": f"01HZ51N5KQ8X3R7P0M2A{event:06d}",
            "endpoint_id": "01HZ4F0J0G3Y2QH9N5T7AZBQ6V",
            "metadata": {"num_trials": len(attempts)},
            "status": "Success" if attempts[-1].ok else "Failure",
            "created_at": attempts[0].time,
            "updated_at": attempts[-1].time,
            "attempts": [
                {
                    "uid": f"01HZ51N5MS2K8{one.number}",
                    "url": URL,
                    "http_status": f"{one.code} {'OK' if one.ok else 'Whatever'}"
                    if one.code
                    else "",
                    "error": "" if one.code else "context deadline exceeded",
                    "created_at": one.time,
                    **({"status": True} if one.ok else {}),
                }
                for one in attempts
            ],
        }
        for event, attempts in by_event(tries).items()
    ]
    return {"status": True, "message": "ok", "data": {"content": content, "pagination": {}}}


def gocardless(tries: list[Try]) -> Any:
    return {
        "meta": {"limit": 50},
        "webhooks": [
            {
                "id": f"WB{one.number}",
                "url": URL,
                "request_body": json.dumps(
                    {"events": [{"id": event, "resource_type": "payments"}]}
                ),
                "response_code": one.code,
                "response_body": "" if one.code else "Timeout",
                "successful": one.ok,
                "created_at": one.time,
            }
            for one in tries
            for event in [f"EV00BD05S5V{one.event:03d}"]
        ],
    }


def showpass_events(tries: list[Try]) -> Any:
    return [
        {
            "event": "invoice.purchase",
            "date_created": attempts[0].time,
            "payload": {"id": "x", "webhook_event_uuid": uuid(event)},
            "attempts": [
                {
                    "id": one.number,
                    "status": "Success" if one.ok else "Failed",
                    "webhook_url": URL,
                    "date": one.time,
                    "http_status_code": one.code,
                    "response_body": "" if one.code else "Read timed out",
                }
                for one in attempts
            ],
        }
        for event, attempts in by_event(tries).items()
    ]


def basecamp(tries: list[Try]) -> Any:
    return {
        "id": 1051369971,
        "payload_url": URL,
        "recent_deliveries": [
            {
                "id": one.number,
                "created_at": one.time,
                "request": {"body": {"id": 9007199254741210 + one.event, "kind": "todo_created"}},
                "response": {"code": one.code, "message": "" if one.code else "Net::ReadTimeout"},
            }
            for one in tries
        ],
    }


def contentful(tries: list[Try]) -> Any:
    return [
        {
            "errors": [] if one.code else ["TimeoutError"],
            "eventType": "publish",
            "request": {"headers": {"X-Contentful-Idempotency-Key": f"{one.event:064x}"}},
            "requestAt": one.time,
            "statusCode": one.code,
            "sys": {"id": str(one.number), "type": "WebhookCallDetails"},
            "url": URL,
        }
        for one in tries
    ]


def govuk_pay(tries: list[Try]) -> Any:
    results = [
        {
            "external_id": f"s0wjen129ejalk21nfjkdknf{event:06d}",
            "created_date": attempts[0].time,
            "event_type": "card_payment_captured",
            "resource_type": "payment",
            "attempts": [
                {
                    "send_at": one.time,
                    "status": "SUCCESSFUL" if one.ok else "FAILED",
                    "status_code": one.code,
                    "result": f"{one.code} Whatever" if one.code else "HTTP Timeout",
                }
                for one in attempts
            ],
        }
        for event, attempts in by_event(tries).items()
    ]
    return {"count": len(results), "page": 1, "results": results}


def paypal(tries: list[Try]) -> Any:
    events = [
        {
            "id": f"WH-0K623039JK65{one.event:04d}-4YE01958GG893271P",
            "create_time": one.time,
            "resource_type": "sale",
            "event_type": "PAYMENT.SALE.COMPLETED",
            "transmissions": [
                {
                    "webhook_url": URL,
                    "http_status": one.code,
                    "reason_phrase": "" if one.code else "Read timed out",
                    "status": "SUCCESS" if one.ok else "FAILURE",
                    "timestamp": one.time,
                }
            ],
        }
        for one in tries
    ]
    return {"events": events, "count": len(events)}


def sns(tries: list[Try]) -> Any:
    said = [
        {
            "notification": {"messageId": uuid(one.event), "timestamp": "2026-11-20 00:00:00.1"},
            "delivery": {"destination": URL, "statusCode": one.code, "providerResponse": "timeout"},
            "status": "SUCCESS" if one.ok else "FAILURE",
        }
        for one in tries
    ]
    events = [
        {"timestamp": int(one.at.timestamp() * 1000), "message": json.dumps(message)}
        for one, message in zip(tries, said, strict=True)
    ]
    return {"events": events, "searchedLogStreams": []}


def shopify(tries: list[Try]) -> str:
    lines = ["Response,Retries,Topic,X-Shopify-Event-Id,Time,Address"]
    lines += [
        f"{one.code or 'Timeout'},0,orders/create,{uuid(one.event)},{one.time},{URL}"
        for one in tries
    ]
    return "\n".join(lines) + "\n"


def acme(tries: list[Try]) -> str:
    lines = ["Message ref;Sent;Answer;Why"]
    lines += [
        f"{184467 + one.event};{one.time};{one.code or ''};{'' if one.code else 'timeout'}"
        for one in tries
    ]
    return "\n".join(lines) + "\n"


SENDERS: dict[str, tuple[Any, Callable[[int], str], str, dict[str, Any]]] = {
    "github": (github, uuid, "X-GitHub-Delivery", {"endpoint": URL}),
    "svix": (svix, lambda n: f"msg_1srOrx2ZWZBpBUvZwXKQm{n:06d}", "webhook-id", {}),
    "hookdeck": (hookdeck, evt, "x-hookdeck-eventid", {}),
    "outpost": (outpost, evt, "x-outpost-event-id", {"endpoint": URL}),
    "paddle": (paddle, evt, "event_id", {"endpoint": URL}),
    "convoy": (convoy, lambda n: f"01HZ51N5KQ8X3R7P0M2A{n:06d}", "event", {}),
    "gocardless": (gocardless, lambda n: f"EV00BD05S5V{n:03d}", "gc_event", {}),
    "showpass_events": (showpass_events, uuid, "webhook_event_uuid", {}),
    "shopify": (shopify, uuid, "x-shopify-event-id", {}),
    "basecamp": (basecamp, lambda n: str(9007199254741210 + n), "event_id", {}),
    "contentful": (contentful, lambda n: f"{n:064x}", "x-contentful-idempotency-key", {}),
    "govuk_pay": (
        govuk_pay,
        lambda n: f"s0wjen129ejalk21nfjkdknf{n:06d}",
        "webhook_message_id",
        {"endpoint": URL},
    ),
    "paypal": (paypal, lambda n: f"WH-0K623039JK65{n:04d}-4YE01958GG893271P", "event_id", {}),
    "sns": (sns, uuid, "x-amz-sns-message-id", {}),
    "acme": (
        acme,
        lambda n: str(184467 + n),
        "event_id",
        {
            "format": "sender_table",
            "endpoint": URL,
            "columns": {
                "event_id": "Message ref",
                "attempted_at": "Sent",
                "http_status": "Answer",
                "error": ["Why"],
            },
        },
    ),
}


# One of each kind of export; the formats of all have samples that each run reads.
SOME = {"acme", "github"}


@pytest.mark.parametrize(
    "sender", [pytest.param(s, marks=() if s in SOME else pytest.mark.long) for s in SENDERS]
)
def test_an_export_and_a_log_become_verdicts(tmp_path: Path, sender: str) -> None:
    make, event_of, key, known = SENDERS[sender]
    export = tmp_path / "export"
    made = make(story())
    export.write_text(made if isinstance(made, str) else json.dumps(made, indent=1))
    log = write_log(tmp_path, lambda event: {key: event_of(event)})
    outcomes = reconcile(export, log, event_of, **known)
    assert outcomes == {fate: {fate} for fate in (*FATES, "missed")}


def judge(tmp_path: Path, made: Any, key: str, event_of: Callable[[int], str]) -> dict[str, str]:
    """The outcome of each event of the story that has one."""
    export = tmp_path / "export"
    export.write_text(json.dumps(made, indent=1))
    log = write_log(tmp_path, lambda event: {key: event_of(event)})
    settings = ha.Settings(grace_minutes=0, endpoints=(URL,))
    with ha.connect(":memory:", settings=settings) as ws:
        report = ws.load(log, export)
        assert not report.refused, str(report)
        ws.reconcile()
        return dict(ws.rows("SELECT event_uuid, outcome FROM deliveries"))


@pytest.mark.long
def test_stripe_lists_events_only_and_what_never_came_is_missed(tmp_path: Path) -> None:
    events = [
        {
            "id": f"evt_1NG8Du2eZvKYlo2CUI79{event:04d}",
            "object": "event",
            "created": int(attempts[0].at.timestamp()),
            "data": {"object": {"id": "in_1"}},
            "pending_webhooks": 0,
            "type": "invoice.paid",
        }
        for event, attempts in by_event(story()).items()
    ]
    made = {"object": "list", "url": "/v1/events", "has_more": False, "data": events}
    found = judge(tmp_path, made, "event_id", lambda n: f"evt_1NG8Du2eZvKYlo2CUI79{n:04d}")
    # Others of its type came, the log covers the time, and no line can be its own.
    assert found.pop(f"evt_1NG8Du2eZvKYlo2CUI79{LOST:04d}") == "missed"
    assert len(found) == 5 * ROUNDS - 1
    assert set(found.values()) == {"delivered", "refused"}


@pytest.mark.long
def test_gitlab_tells_the_time_of_answers_only(tmp_path: Path) -> None:
    made = [
        {
            "id": one.number,
            "url": URL,
            "trigger": "push_hooks",
            "request_headers": {"Idempotency-Key": uuid(one.event)},
            "request_data": {"object_kind": "push"},
            "response_headers": {"Date": f"{one.at:%a, %d %b %Y %H:%M:%S} GMT"} if one.code else {},
            "response_body": "",
            "execution_duration": 0.5,
            "response_status": str(one.code or "internal error"),
        }
        for one in story()
    ]
    found = judge(tmp_path, made, "idempotency-key", uuid)
    assert found == {uuid(n): fate_of(n) for n in range(5 * ROUNDS)} | {uuid(LOST): "missed"}


@pytest.mark.long
def test_one_event_of_another_sender_can_be_followed(tmp_path: Path) -> None:
    (tmp_path / "export").write_text(json.dumps(svix(story())))
    name = SENDERS["svix"][1]
    log = write_log(tmp_path, lambda event: {"webhook-id": name(event)})
    with ha.connect(":memory:", settings=ha.Settings(endpoints=(URL,))) as ws:
        ws.load(log, tmp_path / "export")
        ws.reconcile()
        assert len(ws.event(name(1)).evidence) == 4
