"""The ladder from a receipt to its attempt: what each rung may claim, and what it may not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handwritten import APP, EDGE, OTHER_URL, URL, World, clock, event_of, settle
from hookanalysis.database import Database
from tiers import some


def judge(db: Database) -> dict[str, str]:
    """Event → verdict."""
    settle(db)
    return dict(db.rows("SELECT event_uuid, outcome || ': ' || detail FROM deliveries"))


def without(db: Database, generation: int) -> None:
    """Take a log away."""
    for table in ("generations", "activity", "receipt_records"):
        db.con.execute(f"DELETE FROM {table} WHERE generation_id = ?", [generation])


def only(db: Database, days: int = 1) -> World:
    """A world that has nothing but the edge's log and the sender's."""
    world = World(db, days=days)
    without(db, APP)
    return world


def minutes_only(db: Database) -> World:
    """The same, where the sender tells no seconds."""
    world = only(db)
    db.con.execute("UPDATE generations SET time_resolution_ms = 60000 WHERE side = 'sender'")
    return world


FIRST, SECOND = event_of(0), event_of(1)


def test_an_untied_success_is_not_contradicted_by_a_failed_attempt(db: Database) -> None:
    World(db).tell(f"""
        attempt 12:10 failed 500
        edge 12:10:05 500
        attempt 13:15 success 200
        attempt 13:15:01 success 200 event={SECOND}
        edge 13:15:06 200
    """)
    found = judge(db)
    assert found[FIRST] == "undetermined: ambiguous"
    assert found[SECOND] == "undetermined: ambiguous"
    columns = "attempts, receipts, at_least_missed"
    assert db.rows(f"SELECT {columns} FROM clusters") == [(2, 1, 1)]


@pytest.mark.long
def test_an_untied_success_in_a_hole_is_not_contradicted_either(db: Database) -> None:
    world = World(db)
    world.tell("""
        attempt 12:10 failed 500
        app 12:10:05.3 failed 500
        edge 12:10:05 500
        attempt 14:15 success 200
    """)
    world.silence("14:00", "14:40")
    assert judge(db)[FIRST] == "undetermined: receiver_coverage"


def test_an_application_that_refuses_without_naming_the_event(db: Database) -> None:
    world = World(db)
    without(db, EDGE)
    world.tell("attempt 12:10 failed 400")
    assert judge(db)[FIRST] == "missed: answered_upstream"
    world.tell("app 16:10:05.3 failed 400 event=")
    assert judge(db)[FIRST] == "undetermined: receiver_coverage"
    (reason,) = db.rows("SELECT reason FROM deliveries WHERE event_uuid = ?", [FIRST])[0]
    assert reason.startswith("nameless_refusals")


@pytest.mark.parametrize("noise", some([0, 1, 5], 5))
def test_equal_counts_decide_where_names_cannot(db: Database, noise: int) -> None:
    world = minutes_only(db)
    for number in range(90):
        at = clock("12:00") + timedelta(seconds=20 * number)
        event = event_of(100 + number)
        world.tell(f"attempt {at:%H:%M} success 200 event={event}")
        world.tell(f"edge {at + timedelta(seconds=6):%H:%M:%S} 200")
    for number in range(noise):
        world.tell(f"edge 12:{5 * number:02}:30 200")
    found = judge(db)
    assert {found[event_of(100 + number)] for number in range(90)} == {"delivered: delivered"}
    assert db.rows("SELECT count(*) FROM clusters") == [(0,)]


@pytest.mark.long
def test_a_dense_log_names_no_single_missed_event_but_counts_them(db: Database) -> None:
    world = minutes_only(db)
    for number in range(90):
        at = clock("12:00") + timedelta(seconds=20 * number)
        event = event_of(100 + number)
        world.tell(f"attempt {at:%H:%M} success 200 event={event}")
        if number not in {30, 60}:
            world.tell(f"edge {at + timedelta(seconds=6):%H:%M:%S} 200")
    found = judge(db)
    # The lines before the first that lacks can be nobody else's.
    assert {found[event_of(100 + number)] for number in range(30)} == {"delivered: delivered"}
    rest = {found[event_of(100 + number)] for number in range(30, 90)}
    assert rest == {"undetermined: ambiguous"}
    columns = "endpoint_url, attempts, receipts, at_least_missed"
    # One of the day's other deliveries and two lines before lie within it.
    assert db.rows(f"SELECT {columns} FROM clusters") == [("https://shop.example/hooks", 61, 90, 2)]


@pytest.mark.long
def test_far_lines_do_not_stand_in_for_a_missed_one(db: Database) -> None:
    # The one that is missed and the line of nobody are in one chain of windows, far apart.
    world = only(db)
    for number in range(40):
        at = clock("12:00") + timedelta(seconds=200 * number)
        world.tell(f"attempt {at:%H:%M:%S} success 200 event={event_of(100 + number)}")
        if number != 1:
            world.tell(f"edge {at + timedelta(seconds=6):%H:%M:%S} 200")
    world.tell("edge 14:11:30 200")
    found = judge(db)
    assert found.pop(event_of(101)) == "missed: false_success"
    assert set(found.values()) == {"delivered: delivered"}


@pytest.mark.parametrize("layer", some(["app", "table", "queue"], "app"))
@pytest.mark.parametrize("took", some(["ms=500", ""], "ms=500"))
def test_a_line_is_of_the_event_that_the_logs_behind_show(
    db: Database, layer: str, took: str
) -> None:
    World(db).tell(f"""
        attempt 12:10 success 200 {took}
        attempt 12:10:20 success 200 event={SECOND}
        edge 12:10:25 200
        app 12:10:26.3 processed event={SECOND}
    """)
    db.con.execute("UPDATE generations SET layer = ? WHERE generation_id = ?", [layer, APP])
    db.con.execute("UPDATE receipt_records SET http_status = NULL WHERE generation_id = ?", [APP])
    found = judge(db)
    assert found.pop(FIRST) == "missed: false_success"
    assert set(found.values()) == {"delivered: delivered"}


@pytest.mark.long
def test_two_lines_for_an_attempt_that_stands_alone(db: Database) -> None:
    only(db).tell("""
        attempt 12:10 success 200
        edge 12:10:05 200
        edge 12:10:07 200
    """)
    assert judge(db)[FIRST] == "duplicated: double_send"


def test_the_transaction_names_the_event_where_it_has_but_one_of_the_type(db: Database) -> None:
    world = World(db)
    without(db, EDGE)
    world.tell(f"""
        attempt 12:10 success 200 transaction=t1
        attempt 12:40 success 200 transaction=t1 type=invoice.refund event={SECOND}
        app 12:10:05.3 processed 200 event= transaction=t1 type=invoice.purchase
        app 12:40:05.3 failed 500 event= transaction=t1 type=invoice.refund
    """)
    found = judge(db)
    assert found[FIRST] == "delivered: delivered"
    assert found[SECOND] == "refused: contradictory_status"
    rules = "SELECT match_rule, score FROM matches WHERE event_uuid = ?"
    assert db.rows(rules, [FIRST]) == [("transaction", 1.0)]


@pytest.mark.long
def test_a_transaction_of_several_events_proves_nothing_missed(db: Database) -> None:
    world = World(db)
    without(db, EDGE)
    world.tell(f"""
        attempt 12:10 success 200 transaction=t1 type=invoice.refund
        attempt 12:40 success 200 transaction=t1 type=invoice.refund event={SECOND}
        app 12:10:05.3 processed 200 event= transaction=t1 type=invoice.refund
    """)
    found = judge(db)
    # The line is older than the second attempt; nothing says that it is the transaction's only one.
    assert found[FIRST] == "delivered: delivered"
    assert found[SECOND] == "undetermined: ambiguous"


@pytest.mark.long
def test_a_visit_to_the_endpoint_is_no_delivery(db: Database) -> None:
    world = only(db)
    world.tell("attempt 12:10 failed timeout")
    world.tell("edge 12:10:05 200 method=GET")
    assert judge(db)[FIRST] == "missed: never_reached"


def test_what_an_export_without_endpoints_sent_twice_at_once(db: Database) -> None:
    cases = [
        ("app 12:10:05.4 processed 200 path=/webhooks", "undetermined: ambiguous"),
        ("", "undetermined: ambiguous"),
        ("app 12:10:05.4 processed 200 request=r2", "duplicated: double_processed"),
    ]
    world = World(db, days=len(cases))
    for day, (second, _) in enumerate(cases):
        world.tell(
            f"""
            attempt 12:00 success 200 event={event_of(100 + day)} url={OTHER_URL}
            attempt 12:10 success 200 url=
            attempt 12:10 success 200 url=
            app 12:10:05.3 processed 200 request=r1
            {second}
            """,
            day,
        )
    found = judge(db)
    assert [(second, found[event_of(day)]) for day, (second, _) in enumerate(cases)] == cases


@pytest.mark.long
def test_another_endpoints_receipt_is_not_counted_though_only_one_is_exported(db: Database) -> None:
    world = World(db)
    # The event went to the CRM as well, whose application logs it too; the export has no CRM.
    for day, hook in enumerate(["processed 200", "failed 500", ""]):
        event = event_of(day)
        said = "failed 500" if "failed" in hook else "success 200"
        world.tell(f"""
            attempt 12:{10 + day} {said} event={event}
            {hook and f"app 12:{10 + day}:05.3 {hook} event={event}"}
            app 12:{10 + day}:06 processed 200 event={event} path=/crm request=crm{day}
        """)
    settle(db)
    verdict = "event_uuid, outcome || ': ' || detail"
    told = dict(db.rows(f"SELECT {verdict} FROM deliveries WHERE endpoint_url = ?", [URL]))
    assert [told[event_of(day)] for day in range(3)] == [
        "delivered: delivered",
        "refused: rejected",
        "undetermined: ambiguous",
    ]


def test_requests_to_the_url_before_its_change_have_their_lines(db: Database) -> None:
    # The exports name the new URL for all attempts; both logs show the old path until noon.
    world = World(db)
    for minute in range(0, 40, 4):
        world.tell(
            f"""
            attempt 11:{minute:02}:30 success 200 event=old-{minute:02}
            app 11:{minute:02}:35.2 processed 200 event=old-{minute:02} path=/hooks/v1 ms=100
            edge 11:{minute:02}:35 200 path=/hooks/v1
            """
        )
    world.tell("attempt 14:10:30 failed timeout event=lost-00")
    settle(db)
    found = dict(
        db.rows("SELECT event_uuid, outcome FROM deliveries WHERE event_uuid NOT LIKE 'back%'")
    )
    assert found.pop("lost-00") == "missed"
    assert set(found.values()) == {"delivered"}


def succeed(db: Database, told: dict[int, tuple[str, ...]]) -> None:
    """Judge a successful attempt in each minute after noon, and the application's lines of it."""
    world = World(db, days=0)
    world.alive("00:00", "23:59")
    for minute, lines in told.items():
        at, event = f"12:{minute:02}", f"event=story-{minute:02}"
        story = [f"attempt {at}:30 success 200 {event}", *(f"app {at}:{w} {event}" for w in lines)]
        world.tell("\n".join(story))
    settle(db)


@pytest.mark.parametrize(("says", "processed"), [("Order_saved", 1), ("Queued_for_later", None)])
def test_the_last_line_of_most_events_shows_that_they_were_processed(
    db: Database, says: str, processed: int | None
) -> None:
    succeed(db, dict.fromkeys(range(20), ("35.2 received", f"35.4 - says={says}")))
    found = db.rows("SELECT DISTINCT outcome, processed_count FROM deliveries")
    assert found == [("delivered", processed)]


def test_a_middleware_and_a_handler_that_write_the_same_words_are_one_request(
    db: Database,
) -> None:
    lines = (
        "35.20 received says=[http/request]_received",
        "35.21 received says=[web/handler]_received",
        "35.40 processed",
    )
    succeed(db, dict.fromkeys(range(20), lines))
    assert db.rows("SELECT DISTINCT outcome FROM deliveries") == [("delivered",)]


def test_words_around_a_slash_tell_ends_apart(db: Database) -> None:
    ends = {
        minute: "result_webhook/skipped" if minute % 10 == 4 else "result_webhook/saved"
        for minute in (*range(40), 59)
    }
    succeed(db, {at: ("35.2 received", f"35.4 - says={end}") for at, end in ends.items()})
    found = dict(db.rows("SELECT outcome, COUNT(*) FROM deliveries GROUP BY ALL"))
    assert found == {"delivered": 37, "unprocessed": 4}
