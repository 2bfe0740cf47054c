"""When absence may speak: holes of either side, witnesses that are none, and clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hookanalysis as ha
import rows
from handwritten import APP, EDGE, OTHER_URL, PATHS, SENDER, URL, World, event_of, settle
from hookanalysis.settings import Known
from hookanalysis.words import say_reason
from test_reconciliation import STORIES, judge, look_up, verdict

if TYPE_CHECKING:
    from hookanalysis.database import Database

ORPHAN = "app 12:10:05.3 processed 200"


def reason(db: Database) -> str:
    """The reason's code, of a verdict that must be undetermined."""
    row = judge(db)
    assert row["outcome"] == "undetermined"
    return str(row["reason"]).partition(" ")[0]


def reject_row(world: World, line: int) -> None:
    """Make a row of the export unreadable that stood after `line`."""
    place = {"file_id": 1, "generation_id": SENDER, "line": line, "byte_offset": 100 * line + 1}
    world._add("rejects", **place, bytes=10, lines=1, reason="no_match")
    world._write()


def test_a_row_that_the_export_lost_may_be_the_one_that_is_absent(db: Database) -> None:
    world = World(db)
    world.tell(ORPHAN)
    # The rows of 12:00:07 and 12:30:07 are the 23rd and the 24th of the day.
    reject_row(world, 23)
    assert reason(db) == "rejected_lines"


@pytest.mark.long
def test_a_row_lost_at_another_time_is_not_it(db: Database) -> None:
    world = World(db)
    world.tell(ORPHAN)
    reject_row(world, 30)
    assert verdict(db) == "unexpected: orphan"


@pytest.mark.long
def test_another_export_without_loss_testifies(db: Database) -> None:
    world = World(db)
    world.tell(ORPHAN)
    reject_row(world, 23)
    world.generation(9, "sender", "export again", None, completeness="all")
    db.con.execute(
        "INSERT INTO attempt_records SELECT * REPLACE (9 AS generation_id) FROM attempt_records"
    )
    assert verdict(db) == "unexpected: orphan"


@pytest.mark.long
def test_in_an_export_without_order_a_lost_row_may_be_of_any_time(db: Database) -> None:
    world = World(db)
    world.tell(ORPHAN)
    reject_row(world, 30)
    db.con.execute("UPDATE attempt_records SET line = -line WHERE line > 40")
    assert reason(db) == "rejected_lines"


@pytest.mark.long
def test_a_round_number_of_rows_out_of_order_is_no_proof(db: Database) -> None:
    world = World(db, days=3)
    world.tell(ORPHAN)
    count = db.rows("SELECT count(*) FROM attempt_records")[0][0]
    assert 100 < count < 200
    db.con.execute("DELETE FROM attempt_records WHERE line > 100")
    assert verdict(db) == "unexpected: orphan"
    db.con.execute("UPDATE attempt_records SET line = -line WHERE line > 90")
    assert reason(db) == "sender_capped"


@pytest.mark.long
def test_what_lies_beyond_a_cut_is_unknown(db: Database) -> None:
    world = World(db)
    world.tell("app 2:10:05.3 processed 200")
    db.con.execute("DELETE FROM attempt_records WHERE attempted_at < '2026-11-20 03:00'")
    assert reason(db) == "sender_window"


@pytest.mark.long
def test_attempts_that_the_sender_has_forgotten_are_not_missed(db: Database) -> None:
    # The first attempt that the sender still knows is of the third day.
    world = World(db, days=17)
    world.tell("attempt 12:10 none")
    db.con.execute("DELETE FROM attempt_records WHERE attempted_at < '2026-11-22'")
    assert reason(db) == "sender_window"
    assert "forgotten" in say_reason(look_up(db)["reason"])


@pytest.mark.long
def test_a_paused_endpoint_is_not_a_forgotten_one(db: Database) -> None:
    world = World(db, days=3)
    world.tell("attempt 12:10 none")
    db.con.execute("DELETE FROM attempt_records WHERE attempted_at < '2026-11-22'")
    assert verdict(db) == "missed: not_attempted"


def test_nothing_is_missed_by_a_log_that_is_called_a_sample(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed timeout")
    db.con.execute("UPDATE generations SET completeness = 'sample' WHERE stream = 'edge'")
    assert judge(db)["reason"] == "sampled stream=edge"


@pytest.mark.long
def test_a_hole_between_two_files_is_one_of_rotation(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed timeout")
    world.silence("12:00", "12:30", EDGE)
    world.generation(9, "receiver", "edge", "edge", time_marks="end")
    for table, column in (("activity", "minute_at"), ("receipt_records", "logged_at")):
        db.con.execute(
            f"UPDATE {table} SET generation_id = 9"
            f" WHERE generation_id = ? AND {column} > '2026-11-20 12:10'",
            [EDGE],
        )
    assert reason(db) == "rotation_hole"


@pytest.mark.long
@pytest.mark.parametrize(("turned", "told"), [("12:09", "rotation"), ("12:20", "")])
def test_what_was_sent_as_a_log_turned_over_may_be_in_neither_file(
    db: Database, turned: str, told: str
) -> None:
    world = World(db)
    world.tell("attempt 12:09:50 failed timeout")
    world.generation(9, "receiver", "edge", "edge", time_marks="end")
    for table, column in (("activity", "minute_at"), ("receipt_records", "logged_at")):
        db.con.execute(
            f"UPDATE {table} SET generation_id = 9"
            f" WHERE generation_id = ? AND {column} > '2026-11-20 {turned}'",
            [EDGE],
        )
    assert judge(db)["outcome"] == "missed"
    db.con.execute("UPDATE generations SET completeness = 'copytruncate' WHERE generation_id = 9")
    row = judge(db)
    assert row["outcome"] == ("undetermined" if told else "missed")
    assert (row["reason"] or "").partition(" ")[0] == told


def test_coverage_lists_intervals_and_holes_of_both_sides(db: Database) -> None:
    world = World(db)
    world.silence("12:00", "12:30", EDGE)
    reject_row(world, 23)
    settle(db)
    found = db.rows(
        "SELECT side, stream, covered, reason FROM coverage ORDER BY side, stream, starts_at"
    )
    assert found == [
        ("receiver", "app", True, None),
        ("receiver", "edge", True, None),
        ("receiver", "edge", False, "no_liveness"),
        ("receiver", "edge", True, None),
        ("sender", "export", True, None),
        ("sender", "export", False, "rejected_lines"),
        ("sender", "export", True, None),
    ]


def spoil(db: Database, hours: range, *, keep: int, of: int) -> None:
    """Of the requests in some hours, leave only `keep` of each `of` in both logs."""
    db.con.execute(
        "DELETE FROM receipt_records WHERE hour(logged_at) BETWEEN ? AND ?"
        " AND (2 * hour(logged_at) + minute(logged_at) // 30) % ? >= ?",
        [hours.start, hours.stop - 1, of, keep],
    )


@pytest.mark.parametrize(
    ("keep", "of", "wanted"),
    [
        (2, 3, "host_missing"),
        pytest.param(1, 2, "host_missing", marks=pytest.mark.long),
        (1, 10, "sampled"),
    ],
)
def test_logs_that_lack_what_the_sender_saw_answered_are_no_witness(
    db: Database, keep: int, of: int, wanted: str
) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed timeout")
    spoil(db, range(24), keep=keep, of=of)
    assert reason(db) == wanted
    assert db.rows("SELECT count(*) FROM deliveries WHERE outcome = 'missed'") == [(0,)]


@pytest.mark.long
def test_a_host_that_is_absent_for_some_hours_spoils_these(db: Database) -> None:
    world = World(db, days=9)
    world.tell("attempt 12:10 failed timeout")
    world.tell("attempt 12:10 failed timeout", day=5)
    db.con.execute(
        "DELETE FROM receipt_records WHERE logged_at BETWEEN '2026-11-20 09:00'"
        " AND '2026-11-20 15:00' AND minute(logged_at) < 30"
    )
    assert reason(db) == "host_missing"
    assert look_up(db, event_of(5))["outcome"] == "missed"


def test_successes_that_no_log_shows_for_a_while_went_elsewhere(db: Database) -> None:
    World(db)
    db.con.execute(
        "DELETE FROM receipt_records"
        " WHERE logged_at BETWEEN '2026-11-20 09:00' AND '2026-11-20 12:59'"
    )
    settle(db)
    found = db.rows("SELECT detail, count(*) FROM deliveries GROUP BY ALL ORDER BY ALL")
    assert found == [("delivered", 36), ("false_success", 8)]


@pytest.mark.long
@pytest.mark.parametrize("bound", ["< '2026-11-20 05:00'", "> '2026-11-20 19:00'"])
def test_successes_that_no_log_shows_from_or_to_the_end_may_not_have_been_logged(
    db: Database, bound: str
) -> None:
    World(db)
    db.con.execute(f"DELETE FROM receipt_records WHERE logged_at {bound}")
    settle(db)
    found = dict(db.rows("SELECT outcome, count(*) FROM deliveries GROUP BY ALL"))
    assert found["undetermined"] + found.get("pending", 0) == 8
    assert "missed" not in found
    reasons = db.rows("SELECT DISTINCT reason FROM deliveries WHERE outcome = 'undetermined'")
    assert [text[0].partition(" ")[0] for text in reasons] == ["not_bracketed"]


def shift(db: Database, minutes: float, when: str = "TRUE") -> None:
    """Set the receiver's clocks forward at some times."""
    for table, columns in (
        ("receipt_records", ("logged_at",)),
        ("activity", ("minute_at", "first_at", "last_at")),
    ):
        changes = ", ".join(f"{name} = {name} + to_seconds({60 * minutes})" for name in columns)
        db.con.execute(f"UPDATE {table} SET {changes} WHERE {when.format(at=columns[0])}")


@pytest.mark.parametrize(
    "minutes", [-330, *(pytest.param(n, marks=pytest.mark.long) for n in (60, 45))]
)
def test_a_mistaken_zone_allows_no_negative_claim(db: Database, minutes: int) -> None:
    World(db).tell("attempt 12:10 failed timeout")
    shift(db, minutes)
    assert judge(db)["reason"] == f"tz_suspect stream=edge minutes={minutes}"
    assert db.rows("SELECT DISTINCT outcome FROM deliveries ORDER BY 1") == [
        ("delivered",),
        ("undetermined",),
    ]


@pytest.mark.long
def test_a_zone_that_changes_spoils_its_days_only(db: Database) -> None:
    # As a log in local time that was read in a zone without summer time.
    world = World(db, days=5)
    for day in range(5):
        world.tell("attempt 12:10 failed timeout", day=day)
    shift(db, 60, "{at} > '2026-11-23'")
    settle(db)
    found = [look_up(db, event_of(day))["outcome"] for day in range(5)]
    assert found == ["missed"] * 3 + ["undetermined"] * 2


@pytest.mark.parametrize(
    "seconds", [-600, *(pytest.param(n, marks=pytest.mark.long) for n in (-3, 7, 600))]
)
def test_a_clock_that_is_wrong_changes_no_verdict(db: Database, seconds: int) -> None:
    World(db, days=2).tell("attempt 12:10 failed timeout")
    shift(db, seconds / 60)
    assert verdict(db) == "missed: never_reached"
    assert db.rows("SELECT outcome, count(*) FROM deliveries GROUP BY ALL ORDER BY ALL") == [
        ("delivered", 88),
        ("missed", 1),
    ]
    offset = db.rows("SELECT offset_ms FROM clock_offsets WHERE stream = 'app' AND day IS NULL")
    assert offset == [(5300 + 1000 * seconds,)]


@pytest.mark.long
def test_a_step_and_a_drift_of_the_clock_change_no_verdict(db: Database) -> None:
    World(db, days=4).tell("attempt 12:10 failed timeout", day=1)
    shift(db, -3 / 60, "{at} > '2026-11-21 15:00'")
    for table, columns in (
        ("receipt_records", ("logged_at",)),
        ("activity", ("minute_at", "first_at", "last_at")),
    ):
        # 20 ppm: 1.7 seconds a day.
        drift = "to_microseconds(date_diff('second', TIMESTAMP '2026-11-20', {0}) * 20)"
        changes = ", ".join(f"{name} = {name} + {drift.format(name)}" for name in columns)
        db.con.execute(f"UPDATE {table} SET {changes}")
    settle(db)
    assert look_up(db, event_of(1))["outcome"] == "missed"
    assert db.rows("SELECT outcome, count(*) FROM deliveries GROUP BY ALL ORDER BY ALL") == [
        ("delivered", 176),
        ("missed", 1),
    ]


@pytest.mark.long
def test_an_application_whose_other_hosts_are_absent_is_no_witness_behind_the_edge(
    db: Database,
) -> None:
    World(db)
    db.con.execute(
        "DELETE FROM receipt_records WHERE generation_id = ? AND hour(logged_at) % 3 = 0", [APP]
    )
    settle(db)
    # The edge shows all; what the application did with its 14 is not told.
    found = "SELECT outcome, reason[:12], count(*) FROM deliveries GROUP BY ALL ORDER BY ALL"
    assert db.rows(found) == [("delivered", None, 30), ("undetermined", "host_missing", 14)]


@pytest.mark.long
def test_an_event_without_an_attempt_for_one_of_its_endpoints_is_judged(db: Database) -> None:
    world = World(db)
    for minute in range(10, 30):
        world.tell(f"""
            attempt 11:{minute} success 200 event={event_of(minute)} url={OTHER_URL}
            app 11:{minute}:05.3 processed 200 event={event_of(minute)} path={PATHS[OTHER_URL]}
            edge 11:{minute}:05 200 path={PATHS[OTHER_URL]}
        """)
    world.tell(f"""
        attempt 12:10 success 200
        app 12:10:05.3 processed 200
        edge 12:10:05 200
        attempt 12:10 none url={OTHER_URL} id=
    """)
    settle(db)
    found = db.rows(
        "SELECT endpoint_url, outcome, detail FROM deliveries WHERE event_uuid = ? ORDER BY 1",
        [event_of(0)],
    )
    assert found == [
        (OTHER_URL, "missed", "not_attempted"),
        (URL, "delivered", "delivered"),
    ]


@pytest.mark.parametrize(
    ("completeness", "wanted"), [("failures", "recovered"), ("all", "unacknowledged")]
)
def test_an_export_of_failures_does_not_deny_the_success_that_came_later(
    db: Database, completeness: str, wanted: str
) -> None:
    World(db).tell("""
        attempt 12:10 failed 500
        app 12:10:05.3 failed 500
        app 14:10:05.3 processed 200
    """)
    db.con.execute("UPDATE generations SET completeness = ? WHERE side = 'sender'", [completeness])
    assert judge(db)["outcome"] == wanted


@pytest.mark.long
def test_what_is_pending_says_how_it_settles(db: Database) -> None:
    World(db).tell("attempt 22:29 failed 500")
    row = judge(db)
    assert row["outcome"] == "pending"
    assert say_reason(row["reason"]).endswith("load a later export.")


@pytest.mark.long
def test_a_host_whose_only_log_was_refused_is_missed_in_the_proof(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed timeout")
    assert verdict(db) == "missed: never_reached"
    refused = {"status": "refused", "lacking_stream": "edge-2", "lacking_layer": "edge"}
    rows.insert(db.con, "files", [{"file_id": 2, "path": "/logs/edge-2.log.gz", **refused}])
    assert reason(db) == "quarantined"
    # A later offer of the whole file makes it good, once its lines are there.
    rows.insert(
        db.con, "files", [{"file_id": 3, "path": "/logs/edge-2.log.gz", "status": "loaded"}]
    )
    assert verdict(db) == "missed: never_reached"


def test_what_the_sender_saw_succeed_may_stand_in_the_log_that_was_refused(db: Database) -> None:
    World(db).tell(STORIES["missed: false_success"])
    assert verdict(db) == "missed: false_success"
    refused = {"status": "refused", "lacking_stream": "app-2", "lacking_layer": "app"}
    rows.insert(db.con, "files", [{"file_id": 2, "path": "/logs/app-2.log", **refused}])
    assert reason(db) == "quarantined"


def test_the_settings_may_say_that_a_log_loses_lines(tmp_path: Path) -> None:
    line = '34.83.8.110 - - [20/Nov/2026:12:00:00 +0000] "POST /{} HTTP/1.1" 200 2 "-" "-"\n'
    for name in ("all.log", "cut.log", "some.log"):
        (tmp_path / name).write_text(line.format(name) * 3)
    some = Known(match="*some.log", sampled=True)
    settings = ha.Settings(sources=(some, Known(match="*cut.log", copytruncate=True)))
    with ha.connect(":memory:", settings=settings) as ws:
        ws.load(tmp_path)
        found = ws.rows("SELECT completeness FROM generations ORDER BY stream")
    assert found == [("all",), ("copytruncate",), ("sample",)]


def test_where_a_log_was_cut_changes_no_count(tmp_path: Path) -> None:
    # After a silence, the log speaks again from within the minute in which it is cut.
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    lines = [
        f"192.0.2.7 - - [{at + timedelta(seconds=n):%d/%b/%Y:%H:%M:%S} +0000]"
        ' "POST /h HTTP/1.1" 200 5 "-" "s"\n'
        for n in (*range(0, 300, 2), *range(1203, 1500, 2))
    ]
    found = []
    for cut in (0, 160):
        log = tmp_path / f"{cut}" / "access.log"
        log.parent.mkdir()
        log.write_text("".join(lines[cut:]))
        if cut:
            log.with_name("access.log.1").write_text("".join(lines[:cut]))
        with ha.connect(":memory:", settings=ha.Settings()) as ws:
            ws.load(log.parent, stream="edge")
            ws.reconcile()
            found.append(ws.rows("FROM coverage ORDER BY ALL"))
    assert len(found[0]) > 1
    assert found[0] == found[1]
