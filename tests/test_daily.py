"""Day after day: what became of each day is noted, compared, kept, listed and told."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

import hookanalysis as ha
import rows
from hookanalysis import charts, daily, sections
from hookanalysis.errors import InputError
from hookanalysis.facts import gathering
from hookanalysis.facts.period import Period
from hookanalysis.load.manifest import drop_records
from hookanalysis.status import find_damage
from hookanalysis.tables import TABLES
from test_cli import run, run_here, write_both_sides

URLS = ("https://a.example/hook", "https://b.example/hook")
FIRST = date(2026, 11, 18)
ZONE = "America/New_York"


def judge(db: ha.Workspace, *found: tuple[int, str, str]) -> None:
    """Deliveries at noon UTC: the day of the month, the endpoint's letter, the outcome."""
    for table in TABLES.values():
        db.con.execute(table.ddl)
    db.con.execute("DELETE FROM deliveries")
    made = [
        {
            "event_uuid": f"{day}-{letter}-{number}",
            "endpoint_url": URLS["ab".index(letter)],
            "outcome": outcome,
            "first_attempt_at": datetime(2026, 11, day, 12),  # noqa: DTZ001
            "is_test": False,
        }
        for number, (day, letter, outcome) in enumerate(found)
    ]
    rows.insert(db.con, "deliveries", made)


def note(db: ha.Workspace, day: int, zone: str = "UTC") -> dict[int, str]:
    found = gathering.note_days(db, date(2026, 11, day), zone)
    return {day.day: how for day, how in found.items()}


@pytest.fixture
def ws() -> Iterator[ha.Workspace]:
    with ha.connect(":memory:", settings=ha.Settings()) as opened:
        yield opened


def test_nothing_is_judged_again_while_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_both_sides(tmp_path, "Z")
    log, export, more = (tmp_path / name for name in ("app.jsonl", "an export.csv", "more.jsonl"))
    more.write_text(log.read_text().partition("\n")[0].replace("000000", "00000f") + "\n")
    made: list[int] = []

    def judges(ws: ha.Workspace, **how: Any) -> bool:
        made.clear()
        ws.reconcile(progress=lambda done, _: made.append(done), **how)
        return bool(made)

    place, settings = tmp_path / "case.duckdb", ha.Settings()
    with ha.connect(place, settings=settings) as ws:
        ws.load(log, export)
        assert judges(ws)
        found = ws.table("deliveries")
        assert not judges(ws), "the very same"
        ws.load(log)
        assert not judges(ws), "a file that is loaded already"
        assert judges(ws, full=True)
        assert judges(ws, until=datetime(2026, 11, 20, 12))  # noqa: DTZ001
        assert len(ws.table("deliveries")) < len(found)
        assert judges(ws), "the period is another one"
        assert ws.table("deliveries").equals(found)
        ws.load(more)
        assert judges(ws)
        assert not ws.table("deliveries").equals(found), "an event that the sender does not name"
        ws.forget(more)
        assert judges(ws)
        assert ws.table("deliveries").equals(found)
        with ws.edit():
            ws.sql("DELETE FROM receipt_records WHERE line = 1")
        assert judges(ws), "somebody changed the records"
        with suppress(InputError), ws.edit():
            ws.sql("DELETE FROM receipt_records")
            raise InputError("not this way")
        assert not judges(ws), "an edit that came to nothing"
    with ha.connect(place, settings=settings) as ws:
        assert not judges(ws), "another connection"
        monkeypatch.setenv(settings.secret_variable, "whsec_new")
        assert judges(ws), "signatures can be checked now"
    with ha.connect(place, settings=replace(settings, grace_minutes=16)) as ws:
        assert judges(ws), "other settings"


def test_a_day_that_is_no_longer_as_it_was_reported_is_named(ws: ha.Workspace) -> None:
    judge(ws, (18, "a", "missed"), (18, "b", "missed"), (18, "b", "delivered"))
    assert note(ws, 18) == {}
    judge(ws, (18, "a", "missed"), (18, "b", "recovered"), (18, "b", "delivered"))
    # Of all endpoints, as the day's page counts them.
    assert note(ws, 19) == {18: "2 → 1 missed, 0 → 1 recovered"}
    assert note(ws, 19) == {18: "2 → 1 missed, 0 → 1 recovered"}, "the same run again says the same"
    assert note(ws, 20) == {}, "it is said once"
    # Another delivery of the same number is another day; and so is one of which all is taken back.
    judge(ws, (18, "a", "delivered"), (18, "b", "recovered"), (18, "b", "missed"))
    assert note(ws, 21) == {18: "as many of each outcome"}
    judge(ws)
    assert note(ws, 22) == {18: "1 → 0 delivered, 1 → 0 missed, 1 → 0 recovered"}


def test_a_log_that_comes_late_changes_a_day_of_which_nothing_told(ws: ha.Workspace) -> None:
    judge(ws, (17, "a", "delivered"))
    assert note(ws, 18) == {}
    judge(ws, (17, "a", "delivered"), (18, "a", "missed"), (19, "a", "delivered"))
    # The 19th was forgotten: nobody has reported it.
    assert note(ws, 20) == {18: "0 → 1 missed"}
    assert [row["day"].day for row in gathering.read_days(ws, "UTC")] == [17, 18, 19, 20]
    assert note(ws, 17) == {18: "0 → 1 missed"}, "a run about an earlier day undoes nothing"
    told = sections.changes(ws, ws_period(20))
    assert "Wednesday 18 November" in told.text
    assert "0 → 1 missed" in told.text


def ws_period(day: int) -> Any:
    at = datetime(2026, 11, day)  # noqa: DTZ001
    return Period(since=at, until=at + timedelta(days=1))


def test_each_zone_has_its_own_days(ws: ha.Workspace) -> None:
    judge(ws, (18, "a", "missed"))
    ws.con.execute("UPDATE deliveries SET first_attempt_at = '2026-11-18 03:00'")
    note(ws, 18)
    note(ws, 18, ZONE)
    by_zone = {zone: gathering.read_days(ws, zone) for zone in ("UTC", ZONE)}
    days = {zone: [r["day"].day for r in found if r["missed"]] for zone, found in by_zone.items()}
    assert days == {"UTC": [18], ZONE: [17]}


def test_a_workspace_of_an_earlier_state_gets_what_it_lacks(tmp_path: Path) -> None:
    with ha.connect(tmp_path / "case.duckdb") as opened:
        opened.con.execute("DROP TABLE history")
    with ha.connect(tmp_path / "case.duckdb", read_only=True) as opened:
        assert opened.table("history").empty
    with ha.connect(tmp_path / "case.duckdb") as opened:
        judge(opened, (18, "a", "missed"))
        note(opened, 18)
    with ha.connect(tmp_path / "case.duckdb", read_only=True) as opened:
        assert len(opened.table("history")) == 2, "its endpoint, and that the day was reported"


def write_day(folder: Path, day: int, *, resent: bool = False) -> None:
    """Eight deliveries of a day, as an export and a log; the first two fail, or were resent."""
    (folder / "exports").mkdir(exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    uuids = [f"06d5dc13-0000-4000-80{day}-00000000000{n}" for n in range(8)]
    told = ["webhook_event_uuid,timestamp,endpoint_url,http_status_code"]
    lines = []
    for n, uuid in enumerate(uuids):
        tries = [(day, 500 if n < 2 else 200), *([(day + 1, 200)] if resent and n < 2 else [])]
        for at, status in tries:
            told.append(f"{uuid},2026-11-{at} 1{n}:00:00,{URLS[0]},{status}")
            step = "webhook processed" if status == 200 else "webhook failed"
            lines.append(
                f'{{"time":"2026-11-{at}T1{n}:00:01Z","msg":"{step}",'
                f'"webhook_event_uuid":"{uuid}","status":{status}}}'
            )
    (folder / "exports" / f"{day}.csv").write_text("\n".join(told) + "\n")
    (folder / "logs" / f"app-2026-11-{day}.jsonl").write_text("\n".join(sorted(lines)) + "\n")


def test_pruning_keeps_what_became_of_each_day(tmp_path: Path) -> None:
    for day in (17, 19, 20):
        write_day(tmp_path, day, resent=day == 17)
    sources = (tmp_path / "exports", tmp_path / "logs")
    with ha.connect(tmp_path / "case.duckdb", settings=ha.Settings()) as opened:
        opened.load(*sources, timezone="UTC")
        opened.reconcile()
        note(opened, 20)
        drawn = charts.trend(opened, opened.facts(day="2026-11-20").period).to_dict()
        noted = gathering.read_days(opened, "UTC")
        # Of the 20th on, all is kept, and a day before it for clocks that differ.
        gone = opened.prune(date(2026, 11, 20))
        assert sorted(Path(path).name for path in gone) == ["17.csv", "app-2026-11-17.jsonl"]
        assert find_damage(opened) == []
        again = opened.load(*sources, timezone="UTC")
        assert {file.status for file in again.files} == {"unchanged"}
        opened.reconcile()
        assert opened.rows("SELECT count(*) FROM deliveries") == [(16,)]
        assert note(opened, 20) == {}
        assert gathering.read_days(opened, "UTC") == noted
        again_drawn = charts.trend(opened, opened.facts(day="2026-11-20").period).to_dict()
        assert again_drawn["usermeta"] == drawn["usermeta"]
        assert len(drawn["usermeta"]["hookanalysis"]["rows"]) == 3


def test_what_is_young_in_part_is_not_pruned(ws: ha.Workspace) -> None:
    """Half an export would testify of what it lacks, and half an event be judged anew."""
    young, old = datetime(2026, 11, 19), datetime(2026, 11, 18)  # noqa: DTZ001
    times: dict[int, list[datetime | None]] = {
        1: [old],
        2: [old, young],
        3: [old],
        4: [old],
        5: [None],
    }
    found = [
        {"generation_id": n, "event_uuid": f"event {n}", "attempted_at": at}
        for n, all_ in times.items()
        for at in all_
    ]
    rows.insert(ws.con, "attempt_records", found)
    resent = {"generation_id": 6, "event_uuid": "event 3", "logged_at": young}
    rows.insert(ws.con, "receipt_records", [resent])
    rows.insert(ws.con, "activity", [{"generation_id": 4, "last_at": young}])
    names = [{"generation_id": n, "path": f"{n}", "kept": 1} for n in range(1, 7)]
    rows.insert(ws.con, "files", [{**name, "rejected": 0, "ignored": 0} for name in names])
    assert drop_records(ws, young) == ("1",)
    left = ws.rows("SELECT DISTINCT generation_id FROM attempt_records ORDER BY 1")
    assert left == [(2,), (3,), (4,), (5,)]


def test_daily_names_changed_days_writes_their_pages_and_lists_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    def draw(_workspace: Path, folder: Path, *, day: date, **_: object) -> Path:
        made.append(f"{day:%d}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.html").write_text("a page")
        if len(made) == 4:
            raise ha.HookAnalysisError("the power went out")
        (folder / "facts.json").write_text("{}")
        return folder / "report.html"

    def go(*words: str, code: int = 0) -> str:
        done = run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)
        assert done.returncode == code, done
        return done.stdout

    monkeypatch.setattr("hookanalysis.cli._daily_report", draw)
    write_day(tmp_path, 18)
    go("load", "exports", "logs", "--timezone", "UTC", "-q")
    report = ("daily", "--fail-on", "never", "--day")
    assert "changed" not in go(*report, "2026-11-18")
    write_day(tmp_path, 19)
    go("load", "exports", "logs", "--timezone", "UTC", "-q")
    assert "changed" not in go(*report, "2026-11-19")
    # The failed events of the 18th were resent, and the run ends while its page is written.
    write_day(tmp_path, 18, resent=True)
    (tmp_path / "exports" / "18.csv").rename(tmp_path / "exports" / "18 again.csv")
    (tmp_path / "logs" / "app-2026-11-18.jsonl").unlink()
    write_resends(tmp_path)
    go("load", "exports", "logs", "--timezone", "UTC", "-q")
    go(*report, "2026-11-20", code=70)
    assert made == ["18", "19", "20", "18"]
    told = go(*report, "2026-11-20")
    assert "changed    2026-11-18: 0 → 2 recovered, 2 → 0 refused" in told
    assert made[4:] == ["20", "18"], "what an earlier run has left is made good"
    assert go(*report, "2026-11-20", "-q") == ""
    assert made[6:] == ["20"]
    page = (tmp_path / "reports" / "index.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    places = [page.index(f'href="2026-11-{day}/report.html"') for day in (20, 19, 18)]
    assert places == sorted(places)
    assert "changed after it was reported" in page
    assert "http" not in page.replace("http-equiv", "")
    last, *others = [
        json.loads(line) for line in reversed((tmp_path / "runs.jsonl").read_text().splitlines())
    ]
    assert (last["command"], last["exit_code"]) == ("daily", 0)
    assert (last["counts"]["day"], last["counts"]["pages"]) == ("2026-11-20", 1)
    assert {"reconcile", "facts", "pages"} == {*last["steps"]}
    assert [line["exit_code"] for line in others if line["command"] == "daily"] == [0, 70, 0, 0]
    assert others[-1]["counts"] == {"loaded": 2, "kept": 16, "rejected": 0}


def write_resends(folder: Path) -> None:
    lines = [
        f'{{"time":"2026-11-19T1{n}:00:01Z","msg":"webhook processed",'
        f'"webhook_event_uuid":"06d5dc13-0000-4000-8018-00000000000{n}","status":200}}\n'
        for n in range(2)
    ]
    with (folder / "logs" / "app-2026-11-19.jsonl").open("a") as log:
        log.writelines(lines)


def test_every_run_says_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_both_sides(tmp_path, "Z")
    patches: Any = {"monkeypatch": monkeypatch, "capsys": capsys}
    run_here(tmp_path, "reconcile", **patches)
    assert not (tmp_path / "runs.jsonl").exists(), "there is no workspace to stand beside"
    quiet = run_here(tmp_path, "load", "-q", "app.jsonl", "nowhere.log", **patches)
    assert (quiet.stdout, quiet.returncode) == ("", 2)
    assert "nowhere.log" in quiet.stderr
    with ha.connect(tmp_path / "case.duckdb"):
        run(tmp_path, "reconcile")
    loud = run_here(tmp_path, "load", "-v", ".", "--timezone", "UTC", **patches)
    lines = (tmp_path / "runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["exit_code"] for line in lines] == [2, 75, 0]
    assert loud.stderr.splitlines()[-1] == lines[-1]
    assert "passed     runs.jsonl" in loud.stdout, "it is no log of webhooks"


@contextmanager
def smtp_server() -> Iterator[tuple[int, list[bytes]]]:
    got: list[bytes] = []

    class Keep:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            got.append(envelope.content)
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Keep(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield port, got
    finally:
        server.stop()


@contextmanager
def http_receiver(status: int = 200) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    got: list[dict[str, Any]] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Keep) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, got
        server.shutdown()


# Apprise looks for a module that Python 3.13 no longer has.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_message_says_what_was_found_what_to_do_and_where_the_page_lies(samples: Path) -> None:
    with ha.connect(samples, read_only=True) as opened:
        facts = opened.facts(day="2026-11-21")
        private = {url for (url,) in opened.rows("SELECT DISTINCT endpoint_url FROM deliveries")}
    subject, text = daily.compose(facts, date(2026, 11, 21), Path("reports/2026-11-21/report.html"))
    with smtp_server() as (port, mails), http_receiver() as (web, posts):
        mail = f"mailto://127.0.0.1:{port}/?from=h@example.com&to=on@example.com&mode=insecure"
        assert daily.send([mail, f"json://127.0.0.1:{web}/"], subject, text, facts.worst) == []
    assert len(mails) == len(posts) == 1
    found = message_from_bytes(mails[0], policy=policy.default)
    assert found["Subject"] == "Webhooks of Saturday 21 November: Action needed"
    body = found.get_content()
    assert [line[:3] for line in body.splitlines() if line[:1].isdigit()][1:] == [
        "1. ",
        "2. ",
        "3. ",
    ]
    assert facts.say_headline() in posts[0]["message"]
    assert str(Path("reports/2026-11-21/report.html").absolute()) in posts[0]["message"]
    assert posts[0]["type"] == "failure"
    assert not [url for url in private if url and url in body]


# Apprise looks for a module that Python 3.13 no longer has.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_message_that_nobody_takes_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_both_sides(tmp_path, "Z")
    page = tmp_path / "reports" / "2026-11-20" / "report.html"
    monkeypatch.setattr("hookanalysis.cli._daily_report", lambda *_, **__: page)
    patches: Any = {"monkeypatch": monkeypatch, "capsys": capsys}
    run_here(tmp_path, "load", ".", "--timezone", "UTC", **patches)
    (tmp_path / "reports").mkdir()
    with http_receiver(500) as (web, posts):
        monkeypatch.setenv("HOOKANALYSIS_NOTIFY", f"json://bob:sesame1@127.0.0.1:{web}/hush-hush")
        words = ("daily", "--day", "2026-11-20", "--fail-on", "never")
        done = run_here(tmp_path, *words, **patches)
    assert posts
    assert done.returncode == 0
    assert done.stderr.startswith("warning: message 1 was not sent: ")
    assert len(daily.send(["nonsense", ""], "subject", "text", None)) == 2
    assert "sesame1" not in done.stderr
    assert "hush-hush" not in done.stderr
    monkeypatch.setitem(sys.modules, "apprise", None)
    (told,) = daily.send(["json://localhost"], "subject", "text", None)
    assert "hookanalysis[notify]" in told
