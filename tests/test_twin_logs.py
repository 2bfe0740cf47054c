"""An application server and the application may both log a request: it is one arrival."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import hookanalysis as ha

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = [f"06d5dc13-0000-4000-8000-{n:012d}" for n in range(30)]


def write_logs(folder: Path, *, hosts: bool) -> None:
    """Every event once; told by both logs, or, with `hosts`, by one of two servers."""
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    logs: dict[str, list[str]] = {"one": [], "two": []}
    for n in range(100):
        for lines in logs.values():
            lines.append(f"2026-11-20T10:{n // 2:02d}:{n % 2 * 30:02d}.000Z INFO health: alive")
    for n, uuid in enumerate(EVENTS):
        at = f"2026-11-20T10:{n:02d}:10"
        url = "https://a.example/hooks"
        export.append(f"{n},{at}.000Z,invoice.purchase,{uuid},{url},Success,200")
        done = f"{at}.200Z INFO shop: processed webhook_event_uuid={uuid} in 98ms"
        if not hosts or n % 2:
            logs["one"].append(done)
        answered = f"{at}.300Z INFO server: POST /hooks webhook_event_uuid={uuid} 200"
        if not hosts or not n % 2:
            logs["two"].append(done if hosts else answered)
    # One event was really delivered twice, to both.
    for name, lines in logs.items():
        at = f"2026-11-20T10:29:40.{len(name)}00Z"
        again = f"{at} INFO shop: processed webhook_event_uuid={EVENTS[29]} in 98ms"
        lines.append(again)
        (folder / f"{name}.log").write_text("\n".join(sorted(lines)) + "\n")
    (folder / "export.csv").write_text("\n".join(export) + "\n")


def judge(folder: Path, export: list[str], logs: dict[str, list[str]]) -> dict[str, int]:
    """How many deliveries came to each outcome."""
    for name, lines in {
        "export.csv": export,
        **{f"{n}.log": log for n, log in logs.items()},
    }.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        ws.load(folder)
        ws.reconcile()
        return dict(ws.rows("SELECT outcome, COUNT(*) FROM deliveries GROUP BY outcome"))


@pytest.mark.parametrize("hosts", [True, pytest.param(False, marks=pytest.mark.long)])
def test_one_request_in_two_logs_is_one_arrival(tmp_path: Path, *, hosts: bool) -> None:
    write_logs(tmp_path, hosts=hosts)
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        report = ws.load(tmp_path)
        ws.reconcile()
        rows = ws.rows("SELECT event_uuid, outcome FROM deliveries")
    assert not report.refused, str(report)
    found = dict(rows)
    assert len(found) == len(rows) == len(EVENTS)
    expected = dict.fromkeys(EVENTS[:29], "delivered") | {EVENTS[29]: "duplicated"}
    assert found == expected, json.dumps(found)


def test_what_two_hooks_send_to_a_host_each_arrives_twice(tmp_path: Path) -> None:
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    logs: dict[str, list[str]] = {"host1": [], "host2": []}
    for n, uuid in enumerate(EVENTS):
        at = f"2026-11-20T10:{n:02d}:10"
        for hook, lines in enumerate(logs.values()):
            sent = f"{at}.0{hook}0Z,invoice.purchase,{uuid},https://a.example/hooks,Success,200"
            export.append(f"{2 * n + hook},{sent}")
            # The second host's clock is a little behind.
            lines.append(
                f"{at}.{12 - hook}0Z INFO shop: webhook received webhook_event_uuid={uuid}"
            )
    found = judge(tmp_path, export, logs)
    assert found == {"duplicated": 30}


@pytest.mark.long
def test_a_worker_behind_two_hosts_tells_of_their_requests(tmp_path: Path) -> None:
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    logs: dict[str, list[str]] = {"host1": [], "host2": [], "worker": []}
    for n, uuid in enumerate(EVENTS):
        at = f"2026-11-20T10:{n:02d}"
        export.append(
            f"{n},{at}:10.000Z,invoice.purchase,{uuid},https://a.example/hooks,Success,200"
        )
        host = logs[f"host{n % 2 + 1}"]
        host.append(f"{at}:10.200Z INFO shop: incoming webhook_event_uuid={uuid}")
        host.append(f"{at}:10.210Z INFO shop: webhook received webhook_event_uuid={uuid}")
        logs["worker"].append(f"{at}:14.000Z INFO shop: processed webhook_event_uuid={uuid}")
    found = judge(tmp_path, export, logs)
    assert found == {"delivered": len(EVENTS)}, found


@pytest.mark.long
def test_requests_without_a_uuid_are_told_by_their_time(tmp_path: Path) -> None:
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    log = []
    for n, uuid in enumerate(EVENTS):
        # An even beat would fit as well when it is moved by a step: the clock could not be told.
        at = f"2026-11-20T10:{n:02d}:{7 * n * n % 50 + 5:02d}"
        url = "https://a.example/hooks"
        export.append(f"{n},{at}.000Z,invoice.purchase,{uuid},{url},Success,200")
        request = {"method": "POST", "url": "/hooks"}
        row = {"time": f"{at}.300Z", "level": 30, "msg": "request completed", "req": request}
        if n != 7:
            log.append(json.dumps(row | {"res": {"statusCode": 200}}))
        log.append(json.dumps({"time": f"{at}.900Z", "level": 30, "msg": "alive"}))
    (tmp_path / "export.csv").write_text("\n".join(export) + "\n")
    (tmp_path / "app.jsonl").write_text("\n".join(log) + "\n")
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        assert not ws.load(tmp_path).refused
        ws.reconcile()
        outcomes = dict(ws.rows("SELECT event_uuid, outcome FROM deliveries"))
    assert outcomes == dict.fromkeys(EVENTS, "delivered") | {EVENTS[7]: "missed"}
