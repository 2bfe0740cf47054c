"""Verdicts: each outcome and detail from the logs that deserve it, and what must never happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from handwritten import APP, EDGE, UUID, World, clock, event_of, settle
from hookanalysis.database import Database
from hookanalysis.tables import OUTCOMES, TABLES
from hookanalysis.verdict.steps import reconcile
from hookanalysis.words import say_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

# Verdict → what the logs say; receivers' clocks are five seconds ahead. The first happens as the
# logs begin, the last as the exports end, and the one before it after that.
STORIES = {
    "undetermined: receiver_coverage": """
        attempt 00:-1 success 200
    """,
    "delivered: delivered": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200
        edge 12:10:05 200
    """,
    "delivered: delivered_pending": """
        attempt 12:10 pending
        app 12:10:05.3 processed 200
    """,
    "delivered: delivered_unlogged": """
        attempt 12:09 none
        app 12:10:05.3 processed 200
    """,
    "recovered: recovered": """
        attempt 12:10 failed 500
        app 12:10:05.3 failed 500
        edge 12:10:05 500
        attempt 13:15 success 200
        app 13:15:05.3 processed 200
        edge 13:15:05 200
    """,
    "duplicated: double_processed": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 request=r1
        app 12:10:06.3 processed 200 request=r2
    """,
    "duplicated: resend_after_failure": """
        attempt 12:10 failed 504
        app 12:10:05.3 processed 200
        attempt 13:15 success 200
        app 13:15:05.3 duplicate 200
    """,
    "duplicated: retry_after_timeout": """
        attempt 12:10 failed timeout
        app 12:10:05.3 processed 200 ms=20000
        attempt 13:15 success 200
        app 13:15:05.3 duplicate 200
    """,
    "duplicated: resend_after_success": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200
        attempt 13:15 success 200
        app 13:15:05.3 duplicate 200
    """,
    "duplicated: double_send": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 request=r1
        app 12:10:06.3 duplicate 200 request=r2
    """,
    "duplicated: replay": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200
        app 14:10:05.3 duplicate 200
    """,
    "unacknowledged: false_failure": """
        attempt 12:10 failed timeout
        app 12:10:05.3 processed 200 ms=20000
    """,
    "unprocessed: accepted_not_processed": """
        attempt 12:10 success 200
        edge 12:10:05 200
    """,
    "unprocessed: signature_dropped": """
        attempt 12:10 success 200
        app 12:10:05.3 signature_failed 200
        edge 12:10:05 200
    """,
    "refused: rejected": """
        attempt 12:10 failed 404
        edge 12:10:05 404
    """,
    "refused: contradictory_status": """
        attempt 12:10 success 200
        app 12:10:05.3 failed 500
    """,
    "missed: never_reached": """
        attempt 12:10 failed timeout
    """,
    "missed: answered_upstream": """
        attempt 12:10 failed 403
    """,
    "missed: false_success": """
        attempt 12:10 success 200
    """,
    "missed: stuck_pending": """
        attempt 12:10 pending
    """,
    "missed: not_attempted": """
        attempt 12:10 none
    """,
    "unexpected: orphan": """
        app 12:10:05.3 processed 200
    """,
    "unexpected: forged": """
        app 12:10:05.3 signature_failed 401
    """,
    "unexpected: test": """
        app 12:10:05.3 processed 200 type=webhook.test
    """,
    "undetermined: conflict": """
        attempt 12:10 success 200 id=a
        attempt 12:10 failed 500 id=a
    """,
    "undetermined: ambiguous": """
        attempt 12:10 failed 500
        attempt 12:10:01 failed 500 event=11111111-0000-4000-8000-000000000000
        edge 12:10:05 500
    """,
    "undetermined: sender_coverage": """
        app 47:10:05.3 processed 200
    """,
    "pending: in_flight": """
        attempt 22:29 failed 500
        edge 22:29:05 500
    """,
}


def judge(db: Database, event: str = UUID) -> dict[str, Any]:
    """The verdict on the story's event."""
    settle(db)
    return look_up(db, event)


def look_up(db: Database, event: str = UUID) -> dict[str, Any]:
    columns = TABLES["deliveries"].names
    found = db.rows(f"SELECT {', '.join(columns)} FROM deliveries WHERE event_uuid = ?", [event])
    assert len(found) == 1
    return dict(zip(columns, found[0], strict=True))


def verdict(db: Database) -> str:
    row = judge(db)
    return f"{row['outcome']}: {row['detail']}"


@pytest.fixture(scope="module")
def month() -> Iterator[Database]:
    """A month in which every story happens on a day of its own, the last one on the last."""
    with Database(":memory:") as db:
        world = World(db, days=len(STORIES))
        for day, story in enumerate(STORIES.values()):
            world.tell(story, day=day)
        settle(db)
        yield db


# The month has lines that the edge lacks: with these, nothing is proven by its silence.
SILENT = [name for name in STORIES if name.startswith("missed") or "not_processed" in name]


@pytest.fixture(scope="module")
def silence() -> Iterator[Database]:
    """Days of which each holds a story that silence proves."""
    with Database(":memory:") as db:
        world = World(db, days=len(SILENT) + 1)
        for day, name in enumerate(SILENT):
            world.tell(STORIES[name], day=day)
        settle(db)
        yield db


@pytest.mark.parametrize("wanted", STORIES)
def test_verdict(month: Database, silence: Database, wanted: str) -> None:
    db, names = (silence, SILENT) if wanted in SILENT else (month, [*STORIES])
    row = look_up(db, event_of(names.index(wanted)))
    assert f"{row['outcome']}: {row['detail']}" == wanted


@pytest.mark.long
@pytest.mark.parametrize("wanted", STORIES)
def test_verdict_on_a_day_alone(db: Database, wanted: str) -> None:
    World(db).tell(STORIES[wanted])
    assert verdict(db) == wanted


# Worlds that are judged once, in which each of these happens on a day of its own.
TOLD: list[dict[str, str]] = [
    {
        "a stranger is refused": """
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 ip=34.83.8.110
        app 12:40:05.3 signature_failed 401 ip=203.0.113.9
    """,
        "the edge answered 504": "attempt 12:10 failed timeout\nedge 12:10:25 504",
        "lines of one request": """
        attempt 12:10 success 200
        app 12:10:05.2 received request=r1
        app 12:10:05.3 - request=r1
        app 12:10:05.4 processed 200 request=r1
        edge 12:10:05 200 request=r1
    """,
        **{
            f"{step}, {said}": f"attempt 12:10 {said}\napp 12:10:05.4 {step}"
            for step, said in (
                ("received", "failed 500"),
                ("failed", "failed 500"),
                ("failed", "success 200"),
                ("duplicate", "success 200"),
                ("processed", "failed 500"),
            )
        },
        "a resend long after": """
        attempt 08:10 failed 500
        attempt 14:10 failed 500
        attempt 20:10 success 200
        app 08:10:05.3 failed 500
        app 14:10:05.3 failed 500
        app 20:10:05.3 processed 200
    """,
        "an end": """
        attempt 12:10:00 failed 500 id=a
        app 12:10:05.1 received
        edge 12:10:05 500
        attempt 12:10:06 success 200 id=b
        app 12:10:11.1 received
        app 12:10:11.3 processed
        edge 12:10:11 200
    """,
        "after an end": """
        attempt 12:10:00 failed 401 id=c
        app 12:10:05.1 signature_failed 401
        edge 12:10:05 401
        attempt 12:10:08 success 200 id=d
        app 12:10:13.1 received
        app 12:10:13.3 processed 200
        edge 12:10:13 200
    """,
    },
    {
        "noise of others": """
        attempt 12:10 failed timeout
        edge 12:10:06 401 ip=203.0.113.9
        edge 12:10:16 405 ip=203.0.113.10
        edge 12:10:07 200 path=/login ip=203.0.113.11
    """,
        "tied by its request id": """
        attempt 12:10 success 200
        app 12:10:05.4 processed 200 request=r1
        edge 12:10:45 200 request=r1
    """,
        "the edge answered 200": "attempt 12:10 failed timeout\nedge 12:10:25 200",
    },
    {
        "received and no more": """
        attempt 12:10 success 200
        app 12:10:05.4 received 200
    """,
    },
    {
        "received, success 200": "attempt 12:10 success 200\napp 12:10:05.4 received",
    },
    {
        "the edge answered 499": "attempt 12:10 failed timeout\nedge 12:10:25 499",
    },
]


Told = dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def told() -> Told:
    """For each story of `TOLD` the verdict on its event, and how its lines were matched."""
    found = {}
    query = "SELECT attempt_key, match_rule, counts FROM matches WHERE event_uuid = ?"
    for stories in TOLD:
        with Database(":memory:") as db:
            world = World(db, days=len(stories) + 1)
            for day, story in enumerate(stories.values()):
                world.tell(story, day=day)
            settle(db)
            for day, name in enumerate(stories):
                found[name] = look_up(db, event_of(day)), db.rows(query, [event_of(day)])
    return found


def test_stories_do_not_disturb_the_days_around_them(month: Database) -> None:
    found = month.rows(
        "SELECT outcome, count(*) FROM deliveries WHERE event_uuid LIKE 'background%' GROUP BY ALL"
    )
    assert found == [("delivered", 44 * len(STORIES))]


def test_the_day_around_the_stories_is_healthy(db: Database) -> None:
    World(db)
    settle(db)
    assert db.rows("SELECT outcome, detail, count(*) FROM deliveries GROUP BY ALL") == [
        ("delivered", "delivered", 44)
    ]
    assert db.rows("SELECT layer, match_rule, count(*) FROM matches GROUP BY ALL ORDER BY ALL") == [
        ("app", "uuid", 44),
        ("edge", "time", 44),
    ]
    offsets = db.rows("SELECT stream, offset_ms, method FROM clock_offsets WHERE day IS NOT NULL")
    assert sorted(offsets) == [("app", 5300.0, "daily_median"), ("edge", 5300.0, "other_streams")]


def test_all_outcomes_are_told() -> None:
    assert {name.split(":")[0] for name in STORIES} == set(OUTCOMES)


# Attempts that nothing arrived of, each of which says it in its own way.
UNSEEN = ("success 200", "failed timeout", "failed 403", "pending")


def tell_unseen(world: World, day: int = 0) -> None:
    for number, said in enumerate(UNSEEN):
        world.tell(f"attempt 12:10:{5 * number:02} {said} event={event_of(10 * day + number)}", day)


def look_up_unseen(db: Database, day: int = 0) -> list[tuple[str, str, str]]:
    found = [look_up(db, event_of(10 * day + number)) for number in range(len(UNSEEN))]
    return [(row["outcome"], row["detail"], row["reason"].partition(" ")[0]) for row in found]


# Reason code of `undetermined: receiver_coverage` → how the logs came to have that hole, here of
# one day each: the first, … the last.
HOLES: dict[str, Callable[[World, int], object]] = {
    "before_first_log": lambda world, day: world.silence(f"{day} 00:00", f"{day} 12:30"),
    "no_liveness": lambda world, day: world.silence(f"{day} 12:00", f"{day} 12:20"),
    "rejected_lines": lambda world, day: world.tell("reject 12:10", day),
    "endpoint_not_logged": lambda world, day: world.db.con.execute(
        "UPDATE attempt_records SET endpoint_url = 'https://elsewhere.example/x'"
        " WHERE event_uuid LIKE 'story%' AND attempted_at BETWEEN ? AND ?",
        [clock(f"{day} 12:00"), clock(f"{day} 13:00")],
    ),
    "after_last_log": lambda world, day: world.silence(f"{day} 11:30", f"{day} 23:59"),
}


@pytest.fixture(scope="module")
def holes() -> Iterator[Database]:
    """Days of which each has a hole in the logs."""
    with Database(":memory:") as db:
        world = World(db, days=len(HOLES))
        for number, make in enumerate(HOLES.values()):
            tell_unseen(world, number)
            make(world, number)
        settle(db)
        yield db


@pytest.mark.parametrize("code", HOLES)
def test_a_hole_in_the_logs_is_no_proof(holes: Database, code: str) -> None:
    wanted = ("undetermined", "receiver_coverage", code)
    assert look_up_unseen(holes, [*HOLES].index(code)) == [wanted] * len(UNSEEN)


# Holes that a log has everywhere.
LACKS: dict[str, Callable[[World], object]] = {
    "truncated": lambda world: world.db.con.execute(
        "UPDATE generations SET integrity = 'truncated', loaded_lines = 7304 WHERE stream = 'edge'"
    ),
    "no_receiver_log": lambda world: [
        world.db.con.execute(text)
        for text in (
            "DELETE FROM generations WHERE side = 'receiver'",
            "DELETE FROM activity",
            "DELETE FROM receipt_records",
        )
    ],
    "lines_lacking": lambda world: world.db.con.execute(
        "UPDATE receipt_records SET logged_at = logged_at + INTERVAL 7 MINUTE"
        " WHERE generation_id = 2"
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("code", LACKS)
def test_a_log_that_lacks_lines_is_no_proof(db: Database, code: str) -> None:
    world = World(db)
    tell_unseen(world)
    LACKS[code](world)
    settle(db)
    assert look_up_unseen(db) == [("undetermined", "receiver_coverage", code)] * len(UNSEEN)
    assert not db.rows("SELECT 1 FROM deliveries WHERE outcome = 'missed'")


def forget_times(world: World) -> None:
    """Let the attempts of stories tell no time, in an export that is sorted by time."""
    con = world.db.con
    con.execute("UPDATE generations SET format = side")
    con.execute("UPDATE attempt_records SET byte_offset = epoch(created_at) % 1000000")
    con.execute(
        "UPDATE attempt_records SET attempted_at = NULL, created_at = NULL"
        " WHERE event_uuid LIKE 'story%'"
    )


@pytest.fixture(scope="module")
def untimed() -> Iterator[Database]:
    """Days with an attempt that tells no time: one whole, two with holes, one with a line."""
    with Database(":memory:") as db:
        world = World(db, days=4)
        for day, line in enumerate(("", "", "", "edge 12:22:05 504")):
            world.tell(f"attempt 12:10 failed timeout\n{line}", day)
        world.silence("1 12:02", "1 12:09")
        world.silence("2 12:27", "2 12:29")
        forget_times(world)
        settle(db)
        yield db


def test_an_attempt_without_a_time_was_made_between_its_neighbours(untimed: Database) -> None:
    row = look_up(untimed)
    # The log covers all the time and has no line but the neighbours' own.
    assert (row["outcome"], row["detail"]) == ("missed", "never_reached")
    told = "SELECT attempted_at, attempted_until FROM attempts WHERE event_uuid = ?"
    assert untimed.rows(told, [UUID]) == [(clock("12:00:07"), clock("12:30:07"))]
    # Its time measures nothing.
    assert row["lag_ms"] is None
    offsets = "SELECT DISTINCT offset_ms FROM clock_offsets WHERE day IS NULL"
    assert untimed.rows(offsets) == [(5300.0,)]


@pytest.mark.parametrize("day", [1, 2])
def test_without_a_time_the_whole_interval_must_be_covered(untimed: Database, day: int) -> None:
    row = look_up(untimed, event_of(day))
    assert (row["outcome"], row["detail"]) == ("undetermined", "receiver_coverage")
    assert row["reason"].startswith("no_liveness")


def test_without_a_time_a_line_between_the_neighbours_is_its_own(untimed: Database) -> None:
    row = look_up(untimed, event_of(3))
    assert (row["outcome"], row["detail"]) == ("refused", "rejected")
    assert row["last_attempt_at"] < row["first_receipt_at"] < clock("3 12:22:05")


@pytest.mark.long
def test_two_attempts_without_a_time_and_one_line_stay_open(db: Database) -> None:
    world = World(db)
    world.tell(f"attempt 12:10 failed timeout\nattempt 12:15 failed timeout event={event_of(1)}")
    world.tell("edge 12:22:05 504")
    forget_times(world)
    settle(db)
    for event in (UUID, event_of(1)):
        row = look_up(db, event)
        assert (row["outcome"], row["reason"]) == ("undetermined", "ambiguous")
    assert db.rows("SELECT count(*) FROM deliveries WHERE outcome <> 'delivered'") == [(2,)]


@pytest.mark.long
def test_an_attempt_without_a_time_leaves_a_refusal_its_line(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed 503 event=other\nedge 12:10:05 503\nattempt 12:15 failed")
    forget_times(world)
    settle(db)
    assert look_up(db, "other")["outcome"] == "refused"
    # Nor is it proven that the line is not its own.
    assert look_up(db)["reason"] == "ambiguous"


@pytest.mark.long
def test_nobody_knows_when_the_last_attempt_of_an_export_was_made(db: Database) -> None:
    world = World(db)
    world.tell("attempt 23:30 failed timeout")
    forget_times(world)
    assert judge(db)["outcome"] in {"pending", "undetermined"}
    told = "SELECT attempted_at, attempted_until FROM attempts WHERE event_uuid = ?"
    ((since, until),) = db.rows(told, [UUID])
    assert since == clock("22:30:07")
    assert until > clock("2 00:00")


@pytest.mark.long
def test_an_export_out_of_order_tells_no_neighbours(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed timeout")
    forget_times(world)
    db.con.execute("UPDATE attempt_records SET byte_offset = hash(event_uuid) % 1000000")
    assert judge(db)["outcome"] in {"pending", "undetermined"}


@pytest.mark.long
def test_a_resend_with_a_time_recovers_an_attempt_without_one(db: Database) -> None:
    world = World(db)
    world.tell(
        """
        attempt 12:10 failed timeout
        attempt 12:35 success 200
        app 12:35:05.3 processed 200
        edge 12:35:05 200
        """
    )
    forget_times(world)
    db.con.execute(
        "UPDATE attempt_records SET attempted_at = ?, created_at = ? WHERE http_status = 200"
        " AND event_uuid = ?",
        [clock("12:35"), clock("12:35"), UUID],
    )
    row = judge(db)
    assert (row["outcome"], row["attempts"]) == ("recovered", 2)
    assert db.rows("SELECT attempted_until FROM attempts WHERE attempted_until IS NOT NULL") == [
        (clock("12:30:07"),)
    ]
    matched = db.rows("SELECT DISTINCT attempt_key FROM matches WHERE event_uuid = ?", [UUID])
    assert len(matched) == 1


def test_the_sender_itself_can_prove_that_nothing_left(db: Database) -> None:
    world = World(db)
    errors = ("refused", "dns", "tls")
    for number, error in enumerate(errors):
        world.tell(f"attempt 12:1{number} failed {error} event={event_of(number)}")
    world.silence("00:00", "23:59")
    settle(db)
    for number, error in enumerate(errors):
        row = look_up(db, event_of(number))
        assert (row["outcome"], row["detail"]) == ("missed", "never_reached"), error
        assert row["evidence"] == "sender", error


@pytest.mark.long
def test_a_timeout_beside_a_refusal_proves_nothing(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 failed refused")
    world.tell("attempt 12:12 failed timeout")
    world.silence("12:00", "12:30")
    assert verdict(db) == "undetermined: receiver_coverage"


def test_one_silent_host_of_two_spoils_the_proof(db: Database) -> None:
    world = World(db)
    world.generation(4, "receiver", "edge-2", "edge", time_marks="end")
    world.alive("00:00", "11:00", 4)
    world.tell("""
        attempt 09:10 success 200
        edge 09:10:05 200 log=4
        app 09:10:05.3 processed 200
    """)
    world.tell("attempt 12:10 failed timeout event=11111111-0000-4000-8000-000000000000")
    settle(db)
    (found,) = db.rows("SELECT outcome, reason FROM deliveries WHERE event_uuid LIKE '1111%'")
    assert found[0] == "undetermined"
    told = say_reason(found[1])
    assert told == "Log edge-2 ends 2026-11-20 11:00 UTC; load its next file."


@pytest.mark.long
def test_a_log_that_serves_others_proves_nothing_and_spoils_nothing(db: Database) -> None:
    world = World(db)
    # The CRM has an application of its own, and no proxy in front of it that we know of.
    world.generation(4, "receiver", "crm", "app", time_marks="start")
    world.alive("00:00", "23:59", 4)
    crm = "url=https://crm.example/webhooks"
    for number in range(20):
        event = f"event=2222{number:04}-0000-4000-8000-000000000000"
        world.tell(f"""
            attempt 10:{number:02} success 200 {event} {crm}
            app 10:{number:02}:05.3 processed 200 {event} path=/webhooks log=4
        """)
    world.tell(f"attempt 12:10 failed timeout {crm}")
    world.silence("12:00", "12:30", EDGE, APP)
    assert verdict(db) == "missed: never_reached"
    # But the log that serves the endpoint must be whole.
    db.con.execute(
        "DELETE FROM activity WHERE generation_id = 4 AND minute_at BETWEEN ? AND ?",
        ["2026-11-20 12:00", "2026-11-20 12:30"],
    )
    assert verdict(db) == "undetermined: receiver_coverage"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("all", "unexpected: orphan"),
        pytest.param("successes", "unexpected: orphan", marks=pytest.mark.long),
        ("failures", "undetermined: sender_coverage"),
        pytest.param("events", "undetermined: sender_coverage", marks=pytest.mark.long),
    ],
)
def test_only_an_export_that_would_list_it_makes_it_unexpected(
    db: Database, told: str, wanted: str
) -> None:
    world = World(db)
    world.tell("app 12:10:05.3 processed 200")
    db.con.execute("UPDATE generations SET completeness = ? WHERE side = 'sender'", [told])
    assert verdict(db) == wanted


def test_a_stranger_cannot_change_the_verdict_on_a_real_event(told: Told) -> None:
    row = told["a stranger is refused"][0]
    assert (row["outcome"], row["receipts"]) == ("delivered", 1)


def test_a_stranger_who_was_accepted_is_a_replay(db: Database) -> None:
    World(db).tell("""
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 ip=34.83.8.110
        app 12:10:15.3 duplicate 200 ip=203.0.113.9
    """)
    assert verdict(db) == "duplicated: replay"


def test_noise_of_others_at_the_endpoint_changes_nothing(told: Told) -> None:
    row = told["noise of others"][0]
    assert (row["outcome"], row["detail"]) == ("missed", "never_reached")


# What the sender says of an attempt → a line that somebody else's address wrote then.
STRANGERS = [
    ("failed 403", "edge 12:10:05.3 403"),
    ("success 200", "edge 12:10:05.3 200"),
    ("failed timeout", "edge 12:10:05.3 499"),
    ("failed 403", "app 12:10:05.3 failed 403 event="),
    ("failed 403", "app 12:10:05.3 failed 403"),
]


@pytest.fixture(scope="module")
def strangers() -> Iterator[Database]:
    """Days with a request of somebody else's, and one of the sender's own address each."""
    with Database(":memory:") as db:
        world = World(db, days=len(STRANGERS))
        for day, (attempt, line) in enumerate(STRANGERS):
            own = f"app 12:01 processed 200 event=other-{day} ip=34.83.8.110"
            world.tell(f"{own}\nattempt 12:10 {attempt}\n{line} ip=203.0.113.9", day)
        settle(db)
        yield db


@pytest.mark.parametrize("day", range(len(STRANGERS)))
def test_what_an_unlisted_address_sent_may_be_the_missing_request(
    strangers: Database, day: int
) -> None:
    row = look_up(strangers, event_of(day))
    assert (row["outcome"], row["detail"]) == ("undetermined", "ambiguous")
    told = say_reason(row["reason"])
    assert told.startswith("A request from 203.0.113.9 may be it")
    assert "sender_ips" in told


@pytest.mark.long
def test_a_rush_of_scanners_answered_otherwise_changes_nothing(db: Database) -> None:
    rush = "\n".join(f"edge 12:10:{n:02} 404 ip=203.0.113.{n}" for n in range(60))
    World(db).tell(f"attempt 12:10 failed 403\n{rush}")
    assert verdict(db) == "missed: answered_upstream"


@pytest.mark.parametrize(
    ("code", "wanted"), [("499", "refused"), ("504", "refused"), ("200", "unprocessed")]
)
def test_a_timeout_that_the_edge_saw_did_arrive(told: Told, code: str, wanted: str) -> None:
    assert told[f"the edge answered {code}"][0]["outcome"] == wanted


def test_lines_of_one_request_are_one_receipt(told: Told) -> None:
    row = told["lines of one request"][0]
    assert (row["outcome"], row["receipts"], row["processed_count"]) == ("delivered", 1, 1)


def test_an_edge_line_is_tied_by_its_request_id(told: Told) -> None:
    found = sorted(match[1:] for match in told["tied by its request id"][1])
    assert found == [("request_id", False), ("uuid", True)]


def test_received_and_never_processed(told: Told) -> None:
    row = told["received and no more"][0]
    assert (row["outcome"], row["processed_count"]) == ("unprocessed", 0)


def test_an_application_that_never_tells_of_processing(db: Database) -> None:
    world = World(db)
    world.tell("""
        attempt 12:10 success 200
        app 12:10:05.4 - 200
    """)
    db.con.execute("UPDATE receipt_records SET step = NULL")
    row = judge(db)
    assert row["outcome"] == "delivered"
    assert row["processed_count"] is None


@pytest.mark.parametrize(
    ("step", "said", "wanted"),
    [
        ("received", "success 200", "unprocessed"),
        ("received", "failed 500", "refused"),
        ("failed", "failed 500", "refused"),
        ("failed", "success 200", "unprocessed"),
        ("duplicate", "success 200", "delivered"),
        ("processed", "failed 500", "unacknowledged"),
    ],
)
def test_without_a_status_the_senders_view_completes_the_receivers(
    told: Told, step: str, said: str, wanted: str
) -> None:
    assert told[f"{step}, {said}"][0]["outcome"] == wanted


def test_one_event_for_two_endpoints_is_judged_twice(db: Database) -> None:
    world = World(db)
    crm = "url=https://crm.example/webhooks"
    world.tell(f"""
        attempt 12:10 success 200
        attempt 12:10:01 success 200 {crm}
        app 12:10:05.3 processed 200
        edge 12:10:05 200
        edge 12:10:06 200 path=/webhooks
        edge 13:10:05 404 path=/webhooks
        attempt 13:10 failed 404 {crm} event=11111111-0000-4000-8000-000000000000
    """)
    settle(db)
    found = db.rows(
        "SELECT endpoint_url, outcome, receipts FROM deliveries WHERE event_uuid = ? ORDER BY 1",
        [UUID],
    )
    assert found == [
        ("https://crm.example/webhooks", "delivered", 1),
        ("https://shop.example/hooks", "delivered", 1),
    ]


def test_a_receipt_that_does_not_say_to_which_endpoint(db: Database) -> None:
    World(db).tell("""
        attempt 12:10 success 200
        attempt 12:10:01 success 200 url=https://crm.example/webhooks
        app 12:10:05.3 processed 200 path=
    """)
    settle(db)
    found = db.rows("SELECT outcome, detail FROM deliveries WHERE event_uuid = ?", [UUID])
    assert set(found) == {("undetermined", "ambiguous")}


def test_a_resend_long_after_gets_its_own_receipt(told: Told) -> None:
    row, matches = told["a resend long after"]
    assert (row["outcome"], row["attempts"], row["receipts"]) == ("recovered", 3, 3)
    assert row["lag_ms"] == 12 * 3600 * 1000
    assert len({match[0] for match in matches}) == 3


def test_grace_ends_at_the_senders_horizon_not_at_the_clock(db: Database) -> None:
    # The last attempt of the day is at 22:30:07.
    world = World(db)
    world.tell("attempt 22:15:06 failed 500")
    world.tell("edge 22:15:11 500")
    world.tell("attempt 22:15:08 failed 500 event=11111111-0000-4000-8000-000000000000")
    world.tell("edge 22:15:13 500")
    settle(db)
    found = db.rows(
        "SELECT outcome FROM deliveries WHERE last_http_status = 500 ORDER BY event_uuid"
    )
    assert found == [("pending",), ("refused",)]


def test_a_period_limits_what_is_judged_and_not_what_is_matched(db: Database) -> None:
    world = World(db)
    world.tell(STORIES["recovered: recovered"])
    reconcile(db, since=clock("12:00"), until=clock("13:00"))
    assert look_up(db)["outcome"] == "recovered"
    assert db.rows("SELECT count(*) FROM deliveries") == [(3,)]


@pytest.mark.long
def test_settings_come_from_the_defaults_when_nobody_set_any(db: Database) -> None:
    World(db)
    db.con.execute("DELETE FROM settings")
    reconcile(db)
    assert db.rows("SELECT count(*) FROM deliveries") == [(44,)]


def test_it_remembers_which_files_it_knows_and_can_be_repeated(db: Database) -> None:
    World(db).tell(STORIES["missed: false_success"])
    reconcile(db)
    first = db.table("deliveries")
    reconcile(db)
    assert first.equals(db.table("deliveries"))
    assert db.rows("SELECT reconciled_file_id FROM meta") == [(1,)]
    left = db.rows("SELECT table_name FROM duckdb_tables() WHERE temporary")
    assert left == []


def test_an_end_is_of_the_last_request_that_began(told: Told) -> None:
    assert told["an end"][0]["detail"] == "recovered"


def test_what_is_received_after_an_end_is_another_request(told: Told) -> None:
    assert told["after an end"][0]["detail"] == "recovered"


def test_a_log_of_failures_alone_says_nothing_of_what_was_accepted(db: Database) -> None:
    world = World(db)
    db.con.execute("DELETE FROM receipt_records WHERE generation_id = ?", [APP])
    for number in range(8):
        known = f"event={event_of(number)}"
        world.tell(f"""
            attempt 1{number}:10:00 failed 500 id=a{number} {known}
            app 1{number}:10:05.1 failed event=
            edge 1{number}:10:05 500
            attempt 1{number}:13:00 success 200 id=b{number} {known}
            edge 1{number}:13:05 200
        """)
    settle(db)
    found = db.rows("SELECT outcome, count(*) FROM deliveries GROUP BY ALL ORDER BY ALL")
    assert found == [("delivered", 44), ("recovered", 8)]
