"""Both sides' files in, verdicts out: what an outsider's worlds showed to be judged wrongly."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import hookanalysis as ha
from handwritten import settle
from hookanalysis.settings import Known
from tiers import some

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC
HOST = "https://shop.example"


def event(number: int) -> str:
    return f"06d5dc13-0000-4000-8000-{number:012d}"


def moment(number: int, seconds: float = 0) -> datetime:
    """One event every four minutes."""
    return START + timedelta(minutes=4 * number, seconds=seconds)


@dataclass
class World:
    """The sender's export and the receiver's logs, line by line; each is alive an hour longer."""

    export: list[str] = field(
        default_factory=lambda: ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    )
    logs: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)

    def send(self, number: int, path: str = "/hooks", code: int = 200, seconds: float = 0) -> None:
        status = "Success" if code < 300 else "Failed"
        at = moment(number, seconds)
        row = [len(self.export), f"{at.isoformat()}Z", "invoice.purchase", event(number)]
        self.export.append(",".join(map(str, [*row, HOST + path, status, code])))

    def app(self, log: str, number: int, seconds: float, message: str, **more: Any) -> None:
        at = moment(number, seconds)
        told = {"time": f"{at.isoformat()}Z", "msg": message, "webhook_event_uuid": event(number)}
        self.log(log, at, json.dumps(told | more))

    def accept(self, number: int) -> None:
        """A webhook that is sent, and taken in for a worker."""
        self.send(number)
        said = {"path": "/hooks", "method": "POST", "status": 202}
        self.app("web.json", number, 0.5, "webhook accepted", **said)

    def log(self, log: str, at: datetime, line: str) -> None:
        self.logs.setdefault(log, []).append((at, line))

    def access(self, log: str, at: datetime, path: str = "/hooks", code: int = 200) -> None:
        told = f'34.83.8.110 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "POST {path} HTTP/1.1" {code}'
        told += f" {len(log)}"  # as no two logs hold the same lines
        self.log(log, at, f'{told} "-" "Showpass-Webhooks"')

    def write(self, folder: Path) -> None:
        """Write the receiver's logs."""
        last = max(at for lines in self.logs.values() for at, _ in lines)
        ticks = range(-60, (last - START) // timedelta(seconds=10) + 360)
        for name, lines in self.logs.items():
            alive = [(START + timedelta(seconds=10 * n), self._alive(name, n)) for n in ticks]
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(line for _, line in sorted([*lines, *alive])) + "\n")

    def judge(self, folder: Path, **known: Any) -> dict[tuple[str, str], str]:
        """Outcomes by event and path."""
        self.write(folder)
        (folder / "export.csv").write_text("\n".join(self.export) + "\n")
        with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0, **known)) as ws:
            report = ws.load(folder)
            assert not report.refused, str(report)
            settle(ws)
            rows = ws.rows("SELECT event_uuid, endpoint_url, outcome FROM deliveries")
        return {(uuid, url.removeprefix(HOST)): outcome for uuid, url, outcome in rows}

    def _alive(self, name: str, number: int) -> str:
        at = START + timedelta(seconds=10 * number)
        if name.endswith("json"):
            return json.dumps({"time": f"{at.isoformat()}Z", "msg": "tick"})
        if name.startswith("heroku"):
            return (
                f"{at.isoformat()}.000001+00:00 heroku[router]: at=info method=GET path="
                f'"/" host=shop.example request_id=0{number} fwd="203.0.113.9" dyno=web.1 '
                "connect=0ms service=9ms status=200 bytes=9 protocol=https"
            )
        return f'10.0.0.9 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 2 "-" "-"'


def test_a_worker_that_stops_leaves_all_endpoints_of_an_event_unprocessed(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        for k, path in enumerate(("/hooks/a", "/hooks/b")):
            world.send(n, path)
            world.app("web.json", n, k + 0.5, "webhook received", path=path, method="POST")
            world.app("web.json", n, k + 0.6, "enqueued", path=path, method="POST")
            if not 30 <= n < 40:
                world.app("worker.json", n, k + 5, "start")
                world.app("worker.json", n, k + 6, "done")
    found = world.judge(tmp_path)
    stopped = {event(n) for n in range(30, 40)}
    wanted = {key: "unprocessed" if key[0] in stopped else "delivered" for key in found}
    assert found == wanted
    assert len(found) == 120


def test_a_workers_second_try_is_no_second_webhook(tmp_path: Path) -> None:
    world = World()
    for n in range(40):
        world.accept(n)
        if n % 8 == 0:
            world.app("worker.json", n, 1, "process_webhook failed: KeyError('seat')")
        world.app("worker.json", n, 90 if n % 8 == 0 else 1, "process_webhook processed")
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_a_worker_that_processes_twice_is_told(tmp_path: Path) -> None:
    world = World()
    for n in range(40):
        world.accept(n)
        for again in range(2 if n == 20 else 1):
            world.app("worker.json", n, 1 + 60 * again, "process_webhook processed")
    found = world.judge(tmp_path)
    assert {uuid for (uuid, _), outcome in found.items() if outcome == "duplicated"} == {event(20)}


def test_a_log_that_lost_lines_proves_no_unprocessed(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        lost = n % 10  # which of the lines, if any
        if lost != 1:
            world.app("web.json", n, 0.5, "webhook received", path="/hooks", method="POST")
        if lost != 2:
            world.app("worker.json", n, 5, "webhook processed")
    counts = Counter(world.judge(tmp_path).values())
    assert counts["unprocessed"] == counts["missed"] == 0
    assert counts["delivered"] >= 48


def test_an_application_that_writes_late_in_a_routers_log_is_heard(tmp_path: Path) -> None:
    world = World()
    for n in range(4, 40):  # the file's beginning tells of the router alone
        world.send(n)
        for seconds, said in ((0.1, "received"), (0.3, "processed")):
            at = moment(n, seconds)
            line = f"{at.isoformat()}+00:00 app[web.1]: [shop] {said} webhook_event_uuid={event(n)}"
            world.log("heroku.log", at, line)
        at = moment(n, 0.31)
        world.log(
            "heroku.log",
            at,
            f'{at.isoformat()}+00:00 heroku[router]: at=info method=POST path="/hooks" '
            f'host=shop.example request_id=1{n} fwd="34.83.8.110" dyno=web.1 connect=0ms '
            "service=216ms status=200 bytes=9 protocol=https",
        )
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_a_clock_that_steps_makes_nothing_missed(tmp_path: Path) -> None:
    world = World()
    for n in range(110):
        apart = 13 * n % 50  # seconds by which they do not come in a beat
        world.send(n, seconds=apart)
        world.access("edge.log", moment(n, apart + (48.5 if 44 <= n < 66 else 0.5)))
    counts = Counter(world.judge(tmp_path).values())
    assert counts["missed"] == 0
    assert counts["delivered"] >= 80


def test_a_success_that_nobody_got_stays_missed_beside_others(tmp_path: Path) -> None:
    world = World()
    for n in range(80):
        world.send(n)
        if n != 40:
            world.access("edge.log", moment(n, 0.5))
    found = world.judge(tmp_path)
    assert [uuid for (uuid, _), outcome in found.items() if outcome == "missed"] == [event(40)]


def test_an_unlisted_event_is_one_delivery_whatever_the_worker_leaves_out(tmp_path: Path) -> None:
    world = World()
    for n in range(40):
        if n % 10 == 0:
            world.send(n, code=500)
        world.app("web.json", n, 0.5, "webhook received", path="/hooks", method="POST")
        world.app("worker.json", n, 5, "webhook processed")
    found = world.judge(tmp_path)
    assert len(found) == 40
    assert {path for _, path in found} == {"/hooks"}


def test_events_listed_without_attempts_prove_no_miss_where_a_host_lacks(tmp_path: Path) -> None:
    listed = [
        {
            "id": f"evt_{n:024d}",
            "object": "event",
            "type": "charge.succeeded",
            "created": int((moment(n) - datetime(1970, 1, 1)).total_seconds()),  # noqa: DTZ001
            "data": {"object": {}},
            "pending_webhooks": 0,
        }
        for n in range(60)
    ]
    world = World()
    for n in range(60):
        if n % 3:
            at = moment(n, 0.5)
            told = {"time": f"{at.isoformat()}Z", "msg": "webhook processed", "method": "POST"}
            line = told | {"path": "/hooks", "status": 200, "event_id": f"evt_{n:024d}"}
            world.log("web.json", at, json.dumps(line))
    (tmp_path / "events.json").write_text(
        json.dumps({"object": "list", "url": "/v1/events", "has_more": False, "data": listed[::-1]})
    )
    settings = ha.Settings(grace_minutes=0, endpoints=(f"{HOST}/hooks",))
    world.write(tmp_path)
    with ha.connect(":memory:", settings=settings) as ws:
        ws.load(tmp_path)
        ws.reconcile()
        counts = dict(ws.rows("SELECT outcome, COUNT(*) FROM deliveries GROUP BY ALL"))
    assert "missed" not in counts
    assert counts["delivered"] == 40


def test_a_log_without_three_successes_in_a_row_proves_no_miss(tmp_path: Path) -> None:
    world = World()
    for n in range(80):
        world.send(n)
        if not 30 <= n < 33 and n != 60:
            world.access("edge.log", moment(n, 0.5))
    found = world.judge(tmp_path)
    counts = Counter(found.values())
    assert found[event(60), "/hooks"] == "missed"  # alone among others
    assert counts == {"delivered": 76, "undetermined": 3, "missed": 1}


def test_what_was_never_worked_off_may_have_arrived(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        if n != 30:
            world.app("web.json", n, 1, "webhook processed")
    counts = Counter(world.judge(tmp_path).values())
    assert counts == {"delivered": 59, "undetermined": 1}


@pytest.mark.parametrize("times_out", [True, pytest.param(False, marks=pytest.mark.long)])
def test_an_answer_that_no_log_shows_may_be_the_applications(
    tmp_path: Path, *, times_out: bool
) -> None:
    world = World()
    for n in range(60):
        world.send(n, code=413 if n == 30 else 200)
        if n != 30:
            world.app("web.json", n, 0.2, "webhook received")
    if times_out:
        row = f"99,{moment(30, 60).isoformat()}Z,invoice.purchase,{event(30)},{HOST}/hooks,Failed,"
        world.export.append(row)
    assert world.judge(tmp_path)[event(30), "/hooks"] == "undetermined"


def test_work_that_ends_late_is_no_second_webhook(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        world.app("web.json", n, 0.1, "webhook received", path="/hooks", method="POST")
        world.app("web.json", n, 0.2, "event queued", path="/hooks")
        world.app("web.json", n, 100 if n % 10 == 0 else 3, "event processed")
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_a_failure_and_a_success_soon_after_are_two_requests(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:
            world.send(n, code=500)
            world.app("web.json", n, 0.1, "could not save order", status=500, level="error")
        world.send(n, seconds=29)
        world.app("web.json", n, 29.2, "order processed")
    found = Counter(world.judge(tmp_path).values())
    assert found == {"delivered": 54, "recovered": 6}


def test_a_job_is_one_request_however_often_it_is_tried(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.accept(n)
        tries = 6 if n % 20 == 10 else 1
        for again in range(tries):
            job = {"job_id": f"95226430-13a4-41ef-8df6-{n:012d}"}
            world.app("worker.json", n, 1 + 100 * again, "Performing", **job)
            at = moment(n, 2 + 100 * again)
            told = {"msg": "Performed"}
            if tries > 1:
                told = {"msg": "Error performing", "level": "error"}
            world.log("worker.json", at, json.dumps({"time": f"{at.isoformat()}Z"} | told | job))
    found = world.judge(tmp_path)
    failed = {event(n) for n in range(10, 60, 20)}
    assert {uuid for (uuid, _), outcome in found.items() if outcome == "unprocessed"} == failed
    assert Counter(found.values()) == {"delivered": 57, "unprocessed": 3}


def test_a_queue_whose_worker_failed_is_heeded(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.accept(n)
        if n % 20 == 10:
            world.app("worker.json", n, 1, "event failed", level="error")
        else:
            world.app("worker.json", n, 1, "event done")
    counts = Counter(world.judge(tmp_path).values())
    assert counts == {"delivered": 57, "unprocessed": 3}


def test_closing_words_may_go_by_the_type_of_event(tmp_path: Path) -> None:
    world = World()
    for n in range(90):
        world.send(n)
        kind = ("Order", "Product", "Customer")[n % 3]
        world.app("web.json", n, 0.1, f"webhook received topic={kind.lower()}.paid")
        if n % 30 != 10:
            world.app("web.json", n, 2, f"{kind} synced topic={kind.lower()}.paid")
    counts = Counter(world.judge(tmp_path).values())
    assert counts == {"delivered": 87, "unprocessed": 3}


def test_hosts_that_share_the_requests_of_two_endpoints_add_up(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        for k, path in enumerate(("/hooks/a", "/hooks/b")):
            world.send(n, path)
            host = (n // (k + 1) + k) % 2
            world.access(f"edge{host}.log", moment(n, k + 0.1), path)
            world.app(f"web{host}.json", n, k + 0.2, "webhook received")
            world.app(f"web{host}.json", n, k + 0.6, "webhook processed")
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_a_url_that_changed_between_two_tries_measures_no_clock(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n < 30:
            world.send(n, "/old", code=404)
            world.access("edge.log", moment(n, 0.1), "/old", 404)
            world.send(n, "/new", seconds=3600)
        else:
            world.send(n, "/new", seconds=3600)
        world.app("web.json", n, 3600.2, "webhook received")
        world.app("web.json", n, 3600.4, "webhook processed")
        world.access("edge.log", moment(n, 3600.5), "/new")
    counts = Counter(world.judge(tmp_path).values())
    assert counts == {"refused": 30, "delivered": 60}


def _time_out(world: World, number: int, *, logs: tuple[str, ...], seconds: float = 0) -> None:
    """A first try that gets no answer and leaves no line, and a second one a minute later."""
    at = moment(number, seconds)
    row = [len(world.export), f"{at.isoformat()}Z", "invoice.purchase", event(number)]
    world.export.append(",".join(map(str, [*row, HOST + "/hooks", "Failed", ""])))
    world.send(number, seconds=seconds + 60)
    for log in logs:
        world.access(log, at + timedelta(seconds=60.2))
    world.app("app.json", number, seconds + 60.2, "webhook processed")


def test_a_balancer_and_a_server_in_series_show_one_request(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        logs = ("balancer.log", f"web{n % 2}.log")
        if n % 20 == 7:
            _time_out(world, n, logs=logs)
            # Another event's request, just then, could be the one that got no answer.
            world.send(n + 100, seconds=-100 * 240 + 2)
            world.app("app.json", n + 100, -100 * 240 + 2.2, "webhook processed")
            for log in logs:
                world.access(log, moment(n, 2.2))
        else:
            world.send(n)
            world.app("app.json", n, 0.2, "webhook processed")
            for log in logs:
                world.access(log, moment(n, 0.2))
    found = world.judge(tmp_path)
    late = {event(n) for n in range(60) if n % 20 == 7}
    assert found == {k: "recovered" if k[0] in late else "delivered" for k in found}


def test_hosts_that_take_turns_are_not_in_series(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        for k in (0, 1):
            world.send(2 * n + k, seconds=-240 * (n + k) + 2 * k)
            at = moment(n, 2 * k + 0.2)
            world.access(f"web{k}.log", at)
            said = {"time": f"{at.isoformat()}Z", "msg": "webhook processed"}
            world.log("app.json", at, json.dumps(said | {"webhook_event_uuid": event(2 * n + k)}))
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_words_of_a_repeat_do_not_make_a_log_tell_of_arrivals(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        if n != 30:
            world.app("app.json", n, 2, "import finished")
        if n % 10 == 0 and n != 30:
            world.send(n, seconds=50)
            world.app("app.json", n, 52, "nothing to do, known")
    assert "missed" not in world.judge(tmp_path).values()


def test_an_export_of_failures_does_not_tell_whose_the_only_arrival_is(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        _time_out(world, n, logs=("edge.log",))
        del world.export[-1]  # the success
    assert set(world.judge(tmp_path).values()) == {"undetermined"}


def test_a_line_without_a_path_is_of_the_endpoint_that_was_being_tried(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:  # the URL is changed after two failures
            for seconds in (0, 600):
                world.send(n, "/old", code=404, seconds=seconds)
        late = 1200 if n % 10 == 0 else 0
        world.send(n, seconds=late)
        world.app("app.json", n, late + 0.2, "webhook processed")
    found = world.judge(tmp_path)
    assert {outcome for (_, path), outcome in found.items() if path == "/hooks"} == {"delivered"}
    assert "delivered" not in {o for (_, path), o in found.items() if path == "/old"}


def test_a_log_that_tells_of_the_work_settles_a_time_out(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:
            _time_out(world, n, logs=("edge.log",))
            _time_out(world, n + 100, logs=("edge.log",), seconds=-100 * 240 + 1)
            # One of the two may have come, and have been answered too late.
            world.access("edge.log", moment(n, 1.2))
        else:
            world.send(n)
            world.access("edge.log", moment(n, 0.2))
            world.app("app.json", n, 0.2, "webhook processed")
    found = world.judge(tmp_path)
    late = {event(n + more) for n in range(0, 60, 10) for more in (0, 100)}
    assert found == {k: "recovered" if k[0] in late else "delivered" for k in found}


def test_a_line_of_text_with_a_bare_uuid_is_quoted_as_evidence(tmp_path: Path) -> None:
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    lines = []
    for n in range(40):
        at, failed = moment(n), n % 10 == 0
        status = "Failed,500" if failed else "Success,200"
        export.append(f"{n},{at.isoformat()}Z,invoice.purchase,{event(n)},{HOST}/hooks,{status}")
        lines.append(f"{at:%Y-%m-%dT%H:%M:%S}Z INFO webhook received {event(n)}")
        if failed:
            lines.append(f"{at:%Y-%m-%dT%H:%M:%S}Z ERROR failed {event(n)} ValueError: seat")
    (tmp_path / "export.csv").write_text("\n".join(export) + "\n")
    (tmp_path / "app.log").write_text("\n".join(lines) + "\n")
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        ws.load(tmp_path)
        ws.reconcile()
        told = ws.rows("SELECT DISTINCT message FROM finding_evidence WHERE side = 'app'")
    assert any("ValueError" in str(message) for (message,) in told)


def test_a_log_of_refusals_alone_does_not_refuse_what_a_worker_finished(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:
            world.send(n, code=500)
            world.app("app.json", n, 0.2, "webhook failed", status=500)
        late = 60 if n % 10 == 0 else 0
        world.send(n, code=202, seconds=late)
        world.app("worker.json", n, late + 3, "webhook processed")
    tried = {event(n) for n in range(0, 60, 10)}
    found = world.judge(tmp_path, sources=(Known(match="*worker*", layer="queue"),))
    assert found == {k: "recovered" if k[0] in tried else "delivered" for k in found}


def test_a_refusal_is_of_the_try_that_was_refused_however_vague_the_clock(tmp_path: Path) -> None:
    # The worker's lines lag by minutes, and its clock is borrowed.
    world = World()
    for n in range(60):
        late = 40 if n % 10 == 0 else 0
        if late:
            world.send(n, code=500)
            world.app("app.json", n, 0.5, "webhook failed", status=500)
            world.access("edge.log", moment(n, 0.2), code=500)
        world.send(n, code=202, seconds=late)
        world.access("edge.log", moment(n, late + 0.2), code=202)
        world.app("worker.json", n, late + 1 + 37 * n % 80, "event done")
    late_ones = {event(n) for n in range(0, 60, 10)}
    found = world.judge(tmp_path, sources=(Known(match="*worker*", layer="queue"),))
    assert found == {k: "recovered" if k[0] in late_ones else "delivered" for k in found}


def test_a_log_that_names_what_was_accepted_settles_a_strangers_line(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:
            _time_out(world, n, logs=("edge.log",))
            del world.logs["app.json"][-1]
            line = f"{moment(n, 5):%d/%b/%Y:%H:%M:%S}"
            line = f'203.0.113.200 - - [{line} +0000] "POST /hooks HTTP/1.1" 200 9 "-" "Other/1"'
            world.log("edge.log", moment(n, 5), line)
        else:
            world.send(n)
            world.access("edge.log", moment(n, 0.2))
        world.app("app.json", n, 60.3 if n % 10 == 0 else 0.3, "incoming event")
    found = world.judge(tmp_path, sender_ips=("34.83.8.110",))
    late = {event(n) for n in range(0, 60, 10)}
    assert found == {k: "recovered" if k[0] in late else "delivered" for k in found}


def test_what_the_edge_certainly_accepted_counts_though_the_application_is_silent(
    tmp_path: Path,
) -> None:
    world = World()
    for n in range(60):
        if n % 10 == 0:
            _time_out(world, n, logs=("edge.log",))
            world.access("edge.log", moment(n, 0.2))
        else:
            world.send(n)
            world.access("edge.log", moment(n, 0.2))
            world.app("app.json", n, 0.2, "webhook processed")
    found = world.judge(tmp_path)
    late = {event(n) for n in range(0, 60, 10)}
    assert found == {k: "duplicated" if k[0] in late else "delivered" for k in found}


def test_one_arrival_more_than_successes_leaves_a_time_out_open(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n, "/crm")
        world.send(n)
        for more in (0.2, 0.4):
            world.app("app.json", n, more, "webhook processed")
        if n % 10 == 0:
            world.export[-1] = world.export[-1].replace("Success,200", "Failed,")
            world.send(n, seconds=60)
            world.app("app.json", n, 60.2, "webhook processed")
    found = world.judge(tmp_path)
    assert "recovered" not in found.values()


@pytest.mark.parametrize(
    "words",
    some(
        ["job active", "Task hooks.take received", "webhook received"],
        "Task hooks.take received",
        "webhook received",
    ),
)
def test_a_log_of_jobs_shows_no_arrival(tmp_path: Path, words: str) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        if n != 30:
            world.app("app.json", n, 0.5, words)
            world.app("app.json", n, 1, "webhook processed")
    found = world.judge(tmp_path)
    silent = "missed" if words == "webhook received" else "undetermined"
    assert found == {k: silent if k[0] == event(30) else "delivered" for k in found}


def test_a_request_id_brings_the_path_of_the_line_that_shares_it(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        for k, path in enumerate(["/hooks", "/crm"]):
            refused = k == 0 and n % 2
            code = 500 if refused else 200
            world.send(n, path, code=code, seconds=k)
            number = f"{n:031d}{k}"
            at = moment(n, k + 0.2)
            line = {"time": f"{at.isoformat()}Z", "method": "POST", "path": path, "status": code}
            world.log("edge.json", at, json.dumps(line | {"request_id": number}))
            said = "webhook failed" if refused else "webhook processed"
            world.app("app.json", n, k + 0.3, said, request_id=number)
    found = world.judge(tmp_path)
    odd = {event(n) for n in range(1, 60, 2)}
    assert found == {
        k: "refused" if k[0] in odd and k[1] == "/hooks" else "delivered" for k in found
    }


def test_two_lines_of_unknown_words_are_one_request(tmp_path: Path) -> None:
    world = World()
    for n in range(3):  # too few to learn words from
        world.send(n)
        world.app("app.json", n, 0.2, "start")
        world.app("app.json", n, 0.5, "took it over")
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_each_of_two_requests_is_answered_as_its_own_line_says(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n, code=500)
        world.access("edge.log", moment(n, 0.2), code=500)
        world.app("app.json", n, 0.3, "webhook received")
        world.app("app.json", n, 0.4, "webhook failed")
        # The export is of failures alone: the second try is not in it.
        world.access("edge.log", moment(n, 60.2))
        world.app("app.json", n, 60.3, "webhook received")
    assert not {"unprocessed", "missed", "refused"} & set(world.judge(tmp_path).values())


def test_words_that_change_at_a_release_prove_no_loss(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        world.app("app.json", n, 0.2, "webhook received")
        world.app("app.json", n, 0.4, "webhook processed" if n < 40 else "invoice saved")
    found = world.judge(tmp_path)
    assert {found[k] for k in found if k[0] in map(event, range(40))} == {"delivered"}
    assert {found[k] for k in found if k[0] in map(event, range(40, 60))} == {"undetermined"}


@pytest.mark.parametrize("late", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_request_that_began_before_its_note_is_counted_once(
    tmp_path: Path, *, late: bool
) -> None:
    world = World()
    for n in range(60):
        slow = -12 if late and n % 10 == 0 else 0  # noted when it ended
        world.send(n)
        world.app(f"web{n % 2}.json", n, slow + 0.2, "webhook received")
        world.app("worker.json", n, 0.7, "consumed message")
        world.app("worker.json", n, 1.1, "webhook processed")
    assert set(world.judge(tmp_path).values()) == {"delivered"}


def test_a_second_success_of_a_time_without_logs_is_not_told_from_a_repeat(tmp_path: Path) -> None:
    world = World()
    for n in range(60):
        world.send(n)
        world.app("app.json", n, 0.2, "webhook processed")
    world.send(59, seconds=-59 * 240 - 7200)  # two hours before the log begins
    found = world.judge(tmp_path)
    assert found == {k: "undetermined" if k[0] == event(59) else "delivered" for k in found}


@pytest.mark.parametrize(
    "agent", some(["Acme-Hooks", "Acme-Hooks/2.1 (+https://acme.example)", ""], "")
)
def test_a_changed_url_behind_a_balancer_is_no_miss(agent: str, tmp_path: Path) -> None:
    # The balancer's is the only address; its clients call many paths, each at any time.
    world = World()

    def call(at: datetime, path: str, code: int, client: str) -> None:
        told = f'10.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "POST {path} HTTP/1.1" {code} 7'
        world.log("access.log", at, f'{told} "-" "{client}"' if agent else told)

    for n in range(90):
        changed, lost = 40 <= n < 50, n in {60, 61}
        world.send(n, code=404 if changed or lost else 200)
        if not lost:
            call(moment(n, 0.4), "/hook" if changed else "/hooks", 404 if changed else 200, agent)
        for k in range(4):
            call(moment(n, 60 * k + 1.7 * n % 60), f"/cart/{(n + k) % 9}", 200, "Mozilla/5.0 (X11)")
    said = Counter(world.judge(tmp_path).values())
    assert said == {"delivered": 78, "refused": 10, "missed": 2}


def test_lines_of_one_request_are_of_the_endpoint_that_one_of_them_shows(tmp_path: Path) -> None:
    world, paths = World(), ("/hooks/orders", "/hooks/mail", "/hooks/crm")
    for n in range(30):
        for k, path in enumerate(paths):
            world.send(n, path, seconds=k / 10)
            dropped = k == 0 and n == 12
            said = "invalid signature, webhook ignored" if dropped else "webhook processed"
            one = {"request_id": f"req-{3 * n + k:08}"}
            world.app("app.json", n, 0.05 + k / 10, said, **one)
            at = moment(n, 0.06 + k / 10)
            line = {"time": f"{at.isoformat()}Z", "msg": f"POST {path} 200 16ms"} | one
            world.log("app.json", at, json.dumps(line))
    said_of = world.judge(tmp_path)
    other = {key: outcome for key, outcome in said_of.items() if outcome != "delivered"}
    assert other == {(event(12), "/hooks/orders"): "unprocessed"}


def test_a_failed_resend_of_what_was_accepted_recovers_nothing(tmp_path: Path) -> None:
    world = World()
    for n in range(30):
        world.send(n)
        world.access("access.log", moment(n, 0.2))
        world.app("app.json", n, 0.1, "webhook processed")
    world.send(7, code=502, seconds=120)
    world.access("access.log", moment(7, 120.2), code=502)
    assert Counter(world.judge(tmp_path).values()) == {"delivered": 30}


def test_a_retry_that_the_edge_alone_answered_is_not_processed(tmp_path: Path) -> None:
    world = World()
    for n in range(30):
        refused = n in {8, 19}
        world.send(n, code=401 if refused else 200)
        world.access("access.log", moment(n, 0.2), code=401 if refused else 200)
        world.app("app.json", n, 0.1, "invalid signature" if refused else "webhook processed")
        if refused:
            world.send(n, seconds=5)
            world.access("access.log", moment(n, 5.2))
    said = Counter(world.judge(tmp_path).values())
    assert said == {"delivered": 28, "unprocessed": 2}


@pytest.mark.parametrize("said", some(["order synced", "POST /hooks 200 in 31ms"], "order synced"))
def test_a_log_of_answers_alone_tells_nothing_of_a_request_that_hung(
    said: str, tmp_path: Path
) -> None:
    world = World()
    for n in range(40):
        hung = n in {14, 30}
        world.send(n, code=504 if hung else 200)
        if not hung:
            world.app("app.json", n, 0.8, said)
    assert Counter(world.judge(tmp_path).values()) == {"delivered": 38, "undetermined": 2}


def test_a_line_that_was_written_late_is_of_the_request_whose_start_it_shows(
    tmp_path: Path,
) -> None:
    world = World()
    for n in range(40):
        slow = n in {14, 30}
        world.send(n, code=504 if slow else 200)
        at, took = moment(n, 280 if slow else 0.3), 279.9 if slow else 0.2
        line = {"time": f"{at.isoformat()}Z", "method": "POST", "path": "/hooks", "status": 200}
        world.log("access.json", at, json.dumps(line | {"request_time": took}))
    world.logs["access.json"].sort()
    known = {"sources": (Known(match="*access.json", layer="edge"),)}
    assert "missed" not in world.judge(tmp_path, **known).values()


@pytest.mark.parametrize(
    "said", some(["WORKER TIMEOUT (pid:12)", "Unhandled MemoryError"], "Unhandled MemoryError")
)
def test_an_error_that_names_nothing_may_have_ended_a_request_before_its_first_line(
    said: str, tmp_path: Path
) -> None:
    world = World()
    for n in range(40):
        lost = n in {14, 30}
        world.send(n, code=504 if lost else 200)
        if lost:
            world.export[-1] = world.export[-1].removesuffix("504")
            line = {"time": f"{moment(n, 4).isoformat()}Z", "level": "error", "msg": said}
            # The second is lost while nothing goes wrong.
            line |= {"level": "info", "msg": "idle"} if n == 30 else {}
            world.log("app.json", moment(n, 4), json.dumps(line))
        else:
            world.app("app.json", n, 0.1, "webhook received")
            world.app("app.json", n, 0.8, "webhook processed")
    outcomes = {"delivered": 38, "undetermined": 1, "missed": 1}
    assert Counter(world.judge(tmp_path).values()) == outcomes
