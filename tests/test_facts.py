"""The facts: finished tables in, typed numbers out."""

from __future__ import annotations

import json
import random
import re
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import pytest

from hookanalysis import sections
from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.facts.gathering import MAX_HOLES, acknowledge, facts
from hookanalysis.facts.measures import Facts, Headline, Resends
from hookanalysis.facts.period import day_bounds
from hookanalysis.tables import MERGED, OUTCOMES, RESULTS, SCHEMA_VERSION, TABLES
from hookanalysis.verdict.findings import SEVERITIES, diagnose
from hookanalysis.words import percent, round_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP = "https://shop.example/hooks"
PARTNER = "https://partner.example/hooks"
REPORT_FILES = [
    file
    for file in (resources.files("hookanalysis") / "sql" / "report").iterdir()
    if file.name != "macros.sql"
]


def at(text: str) -> datetime:
    """`20 10:15` is 2026-11-20 10:15 UTC, naive as in the tables."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007


def prepare(db: Database) -> None:
    for table in (*MERGED, *RESULTS):
        db.con.execute(table.ddl)
    db.con.execute("UPDATE meta SET reconciled_file_id = 0, tzdata = '2026f'")
    # Both sides wrote all through the month: nothing is said of silence.
    db.con.execute(
        """
        INSERT INTO generations (generation_id, side, stream)
        VALUES (901, 'sender', 'a.csv'), (902, 'receiver', 'b.log');
        INSERT INTO activity BY NAME
        SELECT generation_id, generation_id AS file_id, minute_at, minute_at AS first_at,
          minute_at AS last_at, 1 AS first_line, 1 AS last_line, 1 AS seconds
        FROM generations, range(TIMESTAMP '2026-11-01', TIMESTAMP '2026-12-01', INTERVAL 6 HOUR)
          AS minutes(minute_at)
        """
    )


@pytest.fixture(scope="module")
def kept() -> Iterator[Database]:
    with Database(":memory:") as database:
        yield database


@pytest.fixture
def db(kept: Database) -> Database:
    """A workspace in memory without rows; to make its tables and macros takes longest."""
    for (name,) in kept.rows("SELECT table_name FROM duckdb_tables()"):
        kept.con.execute(f"DELETE FROM {name}")
    kept.con.execute("INSERT INTO meta (schema_version) VALUES (?)", [SCHEMA_VERSION])
    prepare(kept)
    return kept


def add(db: Database, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        assert not set(row) - set(TABLES[table].names)
        db.con.table(table).insert([row.get(name) for name in TABLES[table].names])


def delivery(event: str, outcome: str, **more: Any) -> dict[str, Any]:
    base = {"endpoint_url": SHOP, "first_attempt_at": at("20 10:00"), "is_test": False}
    return {"event_uuid": event, "outcome": outcome, **base, **more}


def attempt(status: str, http_status: int | None = None, **more: Any) -> dict[str, Any]:
    base = {"endpoint_url": SHOP, "attempted_at": at("20 10:00"), "is_test": False}
    return {"status": status, "http_status": http_status, **base, **more}


def add_one_of_each(db: Database) -> None:
    """One delivery of each outcome, the n-th outcome at its own hour, and one test event."""
    rows = [
        delivery(outcome, outcome, detail="d", first_attempt_at=at("20 10:00") + timedelta(hours=n))
        for n, outcome in enumerate(OUTCOMES)
    ]
    add(db, "deliveries", *rows, delivery("test", "missed", detail="t", is_test=True))
    diagnose(db)


# --- the whole ---------------------------------------------------------------------------------


def test_an_empty_workspace_has_facts(db: Database) -> None:
    found = facts(db)
    assert [o.outcome for o in found.outcomes] == list(OUTCOMES)
    assert {(o.deliveries, o.tests, o.share) for o in found.outcomes} == {(0, 0, None)}
    assert found.headline == Headline(0, 0, 0, 0, 0, None, None, None)
    assert (found.totals.events, found.totals.attempts, found.totals.receipts) == (0, 0, 0)
    assert found.period.first_at is None
    assert not any([found.endpoints, found.coverage, found.files, found.findings])
    assert found.worst is None
    assert found.summary() == "No file was loaded, so there is nothing to judge."
    assert json.loads(json.dumps(found.to_dict()))["totals"]["deliveries"] == 0


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"export.csv": "refused"},
            (
                "No export of the sender could be read, so there is nothing to judge."
                " 1 file could not be read."
            ),
        ),
        (
            {"access.log": "loaded"},
            "No export of the sender was loaded, so there is nothing to judge.",
        ),
        (
            {"export.csv": "loaded"},
            "No delivery falls into this period, so there is nothing to judge.",
        ),
        (
            {"export.csv": "loaded", "a.log": "refused", "b.log": "refused"},
            (
                "No delivery falls into this period, so there is nothing to judge."
                " 2 files could not be read."
            ),
        ),
    ],
)
def test_nothing_to_judge_is_said_with_its_reason(
    db: Database, files: dict[str, str], said: str
) -> None:
    for number, (path, status) in enumerate(files.items(), start=1):
        side = "sender" if path == "export.csv" else "receiver"
        known = {"generation_id": number} if status == "loaded" else {}
        if known:
            add(db, "generations", {**known, "side": side, "stream": path})
        add(db, "files", {"file_id": number, "path": path, "status": status, **known})
    db.con.execute("UPDATE meta SET reconciled_file_id = (SELECT MAX(file_id) FROM files)")
    assert facts(db).summary() == said


def test_one_event(db: Database) -> None:
    add(
        db,
        "deliveries",
        delivery("e", "delivered", detail="delivered", attempts=1, receipts=1, lag_ms=250.0),
    )
    add(db, "attempts", attempt("success", 200))
    add(db, "attempt_records", {"event_uuid": "e", "attempted_at": at("20 10:00")})
    found = facts(db)
    assert found.summary() == "The one webhook was delivered."
    assert found.period.first_at == found.period.last_at == found.period.horizon == at("20 10:00")
    (endpoint,) = found.endpoints
    assert (endpoint.lag_p50_ms, endpoint.lag_p99_ms, endpoint.lag_deliveries) == (250, 250, 1)
    assert (endpoint.success_rate, endpoint.failure_rate, endpoint.error_rate) == (1, 0, 0)
    assert found.count("delivered") == found.totals.endpoints == 1


def test_outcomes_partition_the_deliveries_and_tests_stand_apart(db: Database) -> None:
    add_one_of_each(db)
    found = facts(db)
    assert {o.outcome: (o.deliveries, o.details) for o in found.outcomes} == {
        outcome: (1, {"d": 1}) for outcome in OUTCOMES
    }
    assert {o.outcome: o.tests for o in found.outcomes if o.tests} == {"missed": 1}
    assert sum(o.deliveries + o.tests for o in found.outcomes) == found.totals.deliveries == 11
    assert found.totals.tests == 1
    assert sum(o.share or 0 for o in found.outcomes) == pytest.approx(1)


def test_the_headline_counts_what_arrived_of_what_could_be_judged(db: Database) -> None:
    add_one_of_each(db)
    head = facts(db).headline
    # Of ten: pending and unexpected are not judged; four have arrived; three are lost; one unknown.
    assert head == Headline(8, 4, 1, 2, 0, 0.5, 0.125, 0.25)
    found = facts(db)
    lost = sum(found.count(name) for name in ("refused", "unprocessed", "missed", "undetermined"))
    assert head.judged == head.delivered + lost


def test_the_summary_names_each_number_that_is_not_zero(db: Database) -> None:
    add_one_of_each(db)
    assert facts(db).summary() == (
        "4 of 8 webhooks were delivered (50.0 %); 1 never arrived, 1 was refused, 1 never got"
        " processed and 1 could not be checked. 1 arrived more than once. 1 arrived although the"
        " sender calls it failed: do not resend. 1 arrived that the sender's export does not know."
        " 1 still pending. 1 test event left out."
    )


def test_the_order_of_rows_does_not_matter(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_one_of_each(db)
    expected = facts(db).to_dict()
    rows = db.rows("SELECT * FROM deliveries")
    random.Random(4).shuffle(rows)
    db.con.execute("DELETE FROM deliveries")
    for row in rows:
        db.con.table("deliveries").insert(list(row))
    diagnose(db)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert facts(db).to_dict() == expected


def test_rows_without_anything_but_an_outcome_can_be_counted(db: Database) -> None:
    add(db, "deliveries", {"event_uuid": "e", "outcome": "undetermined"})
    diagnose(db)
    found = facts(db)
    assert found.headline.possibly_missed == 1
    assert [e.endpoint_url for e in found.endpoints] == [""]
    assert found.totals.endpoints == 0
    assert [u.code for u in found.unknowns] == ["unknown"]
    assert found.findings[0].first_at is None


# --- the period --------------------------------------------------------------------------------


def add_three_days(db: Database) -> None:
    add(
        db,
        "deliveries",
        delivery("mon", "missed", first_attempt_at=at("20 23:59")),
        delivery("tue", "missed", first_attempt_at=at("21 00:00")),
        delivery("receipt", "unexpected", first_attempt_at=None, first_receipt_at=at("21 12:00")),
        delivery("untried", "missed", first_attempt_at=None),
        delivery("wed", "missed", first_attempt_at=at("22 00:00")),
        delivery("nowhen", "missed", first_attempt_at=None),
    )
    add(db, "attempt_records", {"event_uuid": "untried", "created_at": at("21 06:00")})
    add(
        db,
        "attempts",
        *[attempt("failed", attempted_at=at(f"{day} 00:00")) for day in (20, 21, 22)],
        attempt("none", attempted_at=None),
    )
    diagnose(db)


def test_a_day_begins_at_midnight_and_ends_before_the_next(db: Database) -> None:
    add_three_days(db)
    since, until = day_bounds("2026-11-21")
    found = facts(db, since=since, until=until)
    # One by its attempt, one by its arrival, one by the time at which the event happened.
    assert found.totals.deliveries == 3
    assert (found.period.since, found.period.until) == (at("21 00:00"), at("22 00:00"))
    assert (found.period.first_at, found.period.last_at) == (at("21 00:00"), at("21 12:00"))
    assert [e.attempts for e in found.endpoints] == [1]
    assert facts(db).totals.deliveries == 6


def test_findings_are_counted_within_the_period(db: Database) -> None:
    add_three_days(db)
    since, until = day_bounds(date(2026, 11, 21))
    windowed = [(f.rule_id, f.deliveries) for f in facts(db, since=since, until=until).findings]
    assert windowed == [("missed", 2), ("unexpected", 1)]
    assert [(f.rule_id, f.deliveries) for f in facts(db).findings] == [
        ("missed", 5),
        ("unexpected", 1),
    ]
    assert facts(db, since=at("23 00:00")).findings == ()
    assert facts(db, since=at("22 00:00")).findings[0].first_at == at("22 00:00")


def test_bounds_of_the_reconciliation_hold_too(db: Database) -> None:
    add_three_days(db)
    add(db, "settings", {"since_at": at("21 00:00"), "until_at": at("22 00:00")})
    found = facts(db)
    assert (found.period.since, found.period.until) == (at("21 00:00"), at("22 00:00"))
    assert [e.attempts for e in found.endpoints] == [1]
    assert facts(db, since=at("21 06:00")).period.since == at("21 06:00")
    assert facts(db, since=at("19 00:00")).period.since == at("21 00:00")


def test_bounds_with_a_zone_are_brought_to_utc(db: Database) -> None:
    eastern = timezone(timedelta(hours=-5))
    since = datetime(2026, 11, 20, 19, tzinfo=eastern)
    assert facts(db, since=since).period.since == at("21 00:00")
    assert facts(db, since=datetime(2026, 11, 21, tzinfo=UTC)).period.since == at("21 00:00")


def test_bounds_the_wrong_way_round_are_refused(db: Database) -> None:
    with pytest.raises(InputError, match="the period is empty"):
        facts(db, since=at("21 00:00"), until=at("21 00:00"))


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="'tomorrow' is no day"):
        day_bounds("tomorrow")


# --- absent and stale --------------------------------------------------------------------------


@pytest.mark.parametrize("table", [table.name for table in RESULTS])
def test_facts_without_results_are_refused(db: Database, table: str) -> None:
    db.con.execute(f"DROP TABLE {table}")
    for ask in (facts, sections.pick_incident):
        with pytest.raises(InputError) as caught:
            ask(db)
        assert caught.value.what == "there are no results yet"
        assert "reconcile" in caught.value.hint


def add_two_files(db: Database, second_status: str) -> None:
    db.con.execute("UPDATE meta SET reconciled_file_id = 4")
    add(db, "files", {"file_id": 4, "path": "old.csv", "status": "loaded"})
    add(db, "files", {"file_id": 5, "path": "new.csv", "status": second_status})


@pytest.mark.parametrize("status", ["loaded", "grown"])
def test_facts_older_than_the_data_are_refused(db: Database, status: str) -> None:
    add_two_files(db, status)
    with pytest.raises(InputError) as caught:
        facts(db)
    assert caught.value.what == "the results are older than the data"
    assert "new.csv" in caught.value.where
    assert "reconcile" in caught.value.hint


@pytest.mark.parametrize("status", ["unchanged", "refused"])
def test_an_offer_that_brought_nothing_makes_nothing_stale(db: Database, status: str) -> None:
    add_two_files(db, status)
    assert len(facts(db).files) == 2


def test_a_workspace_that_was_loaded_and_never_reconciled_is_stale(db: Database) -> None:
    db.con.execute("UPDATE meta SET reconciled_file_id = NULL")
    add(db, "files", {"file_id": 1, "path": "a.csv", "status": "loaded"})
    with pytest.raises(InputError, match="older than the data"):
        facts(db)


def test_facts_read_a_workspace_that_is_open_read_only(tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    with Database(path) as db:
        prepare(db)
        add_one_of_each(db)
    with Database(path, read_only=True) as db:
        assert facts(db).totals.deliveries == 11
        assert facts(db, since=at("20 12:00")).totals.deliveries == 8
        assert not db.has("judged")


# --- the parts ---------------------------------------------------------------------------------


def test_duplicates_tell_harm_from_no_harm_and_from_not_known(db: Database) -> None:
    add(
        db,
        "deliveries",
        delivery("a", "duplicated", detail="replay", accepted_count=3, processed_count=1),
        delivery("b", "duplicated", detail="double_send", accepted_count=2),
        delivery("c", "duplicated", detail="double_send", accepted_count=2, processed_count=2),
        # Two exports contradict each other, yet the second processing is plain to see.
        delivery("d", "undetermined", detail="conflict", accepted_count=2, processed_count=3),
        delivery("e", "duplicated", accepted_count=2, processed_count=2, is_test=True),
        delivery("f", "delivered", accepted_count=1, processed_count=1),
        delivery("g", "undetermined", detail="ambiguous", accepted_count=2, processed_count=2),
    )
    found = facts(db).duplicates
    assert (found.deliveries, found.harmful, found.harmless, found.unknown) == (4, 2, 1, 1)
    assert (found.extra_accepted, found.extra_processed) == (5, 3)
    assert found.details == {"conflict": 1, "double_send": 2, "replay": 1}


def test_rates_are_shares_of_finished_attempts(db: Database) -> None:
    add(
        db,
        "attempts",
        *[attempt("success", 200)] * 5,
        attempt("failed", 404),
        attempt("failed", 503),
        attempt("failed", 302),
        attempt("failed"),
        attempt("failed", error_kind="timeout"),
        attempt("pending"),
        attempt("success", 200, is_test=True),
        attempt("failed", 500, endpoint_url=PARTNER),
    )
    partner, shop = facts(db).endpoints
    assert (shop.endpoint_url, shop.deliveries) == (SHOP, 0)
    assert (shop.attempts, shop.succeeded, shop.failed) == (11, 5, 5)
    assert (shop.client_errors, shop.server_errors, shop.unanswered) == (1, 1, 2)
    assert (shop.success_rate, shop.failure_rate, shop.error_rate) == (0.5, 0.5, 0.2)
    assert (partner.success_rate, partner.failure_rate, partner.error_rate) == (0, 1, 1)


def test_an_endpoint_with_only_pending_attempts_has_no_rate(db: Database) -> None:
    add(db, "attempts", attempt("pending"))
    (endpoint,) = facts(db).endpoints
    assert endpoint.attempts == 1
    assert endpoint.success_rate is endpoint.failure_rate is endpoint.error_rate is None


def test_lags_are_percentiles_of_what_is_known(db: Database) -> None:
    add(db, "deliveries", *[delivery(str(n), "delivered", lag_ms=float(n)) for n in range(101)])
    add(db, "deliveries", delivery("x", "missed"), delivery("y", "delivered", lag_ms=9e9))
    db.con.execute("UPDATE deliveries SET is_test = TRUE WHERE event_uuid = 'y'")
    (shop,) = facts(db).endpoints
    assert (shop.lag_p50_ms, shop.lag_p95_ms, shop.lag_p99_ms) == (50, 95, 99)
    assert (shop.lag_deliveries, shop.deliveries) == (101, 102)


def test_lags_that_nobody_knows(db: Database) -> None:
    add(db, "deliveries", delivery("a", "missed"), delivery("b", "refused"))
    (shop,) = facts(db).endpoints
    assert shop.lag_p50_ms is shop.lag_p95_ms is shop.lag_p99_ms is None
    assert shop.lag_deliveries == 0


def test_each_endpoint_has_its_own_verdicts(db: Database) -> None:
    add_one_of_each(db)
    add(db, "deliveries", delivery("p", "delivered", endpoint_url=PARTNER))
    partner, shop = facts(db).endpoints
    assert list(shop.outcomes) == list(OUTCOMES)
    assert set(shop.outcomes.values()) == {1}
    assert (shop.deliveries, shop.delivered, shop.missed, shop.possibly_missed) == (10, 4, 1, 2)
    assert (partner.deliveries, partner.delivered, partner.missed) == (1, 1, 0)


def test_what_could_not_be_known_is_grouped_by_code_with_its_hint(db: Database) -> None:
    ends = "after_last_log stream=app.log at=2026-11-22T10:04"
    other = "after_last_log stream=b.log at=2026-11-22T09:00"
    for n, reason in enumerate([ends, ends, other, "conflict", ""]):
        add(
            db,
            "deliveries",
            delivery(
                str(n),
                "undetermined",
                reason=reason,
                first_attempt_at=at("22 11:00") + timedelta(hours=n),
            ),
        )
    add(db, "deliveries", delivery("t", "undetermined", reason=other, is_test=True))
    last_log, nameless, conflict = sorted(facts(db).unknowns, key=lambda u: -u.deliveries)
    assert (last_log.code, last_log.deliveries) == ("after_last_log", 3)
    assert last_log.reason == "log app.log ends 2026-11-22 10:04 UTC"
    assert last_log.hint == "load its next file"
    assert (last_log.first_at, last_log.last_at) == (at("22 11:00"), at("22 13:00"))
    assert (nameless.code, conflict.code) == ("unknown", "conflict")
    assert conflict.reason == "exports disagree about this event"
    assert conflict.hint == "export its attempts again"


def interval(starts: str, ends: str, *, covered: bool = True, **more: Any) -> dict[str, Any]:
    base = {"side": "receiver", "layer": "app", "stream": "app.log", "completeness": "all"}
    return base | {"starts_at": at(starts), "ends_at": at(ends), "covered": covered} | more


def test_coverage_is_a_share_of_the_period_and_names_its_holes(db: Database) -> None:
    add(
        db,
        "coverage",
        interval("20 02:00", "20 10:00"),
        interval("20 08:00", "20 12:00"),
        interval("20 12:00", "20 14:00", covered=False, reason="no_liveness"),
        interval("20 14:00", "20 20:00"),
        interval("20 16:00", "20 17:00", covered=False, reason="rejected_lines"),
        interval("22 00:00", "22 01:00"),
    )
    since, until = day_bounds("2026-11-20")
    (stream,) = facts(db, since=since, until=until).coverage
    assert [(h.starts_at, h.ends_at, h.reason) for h in stream.holes] == [
        (at("20 00:00"), at("20 02:00"), "before_first_log"),
        (at("20 12:00"), at("20 14:00"), "no_liveness"),
        (at("20 16:00"), at("20 17:00"), "rejected_lines"),
        (at("20 20:00"), at("21 00:00"), "no_liveness"),
    ]
    assert stream.covered_seconds == 15 * 3600
    assert stream.covered_share == pytest.approx(15 / 24)
    assert (stream.starts_at, stream.ends_at) == (at("20 02:00"), at("22 01:00"))
    since, until = day_bounds("2026-11-23")
    (later,) = facts(db, since=since, until=until).coverage
    assert (later.covered_share, later.hole_count) == (0, 1)
    assert later.holes[0].reason == "after_last_log"


def test_coverage_of_all_time_reaches_from_the_first_delivery_to_the_horizon(db: Database) -> None:
    add(db, "deliveries", delivery("e", "delivered", first_attempt_at=at("20 10:00")))
    add(db, "attempt_records", {"event_uuid": "e", "attempted_at": at("20 14:00")})
    add(
        db,
        "coverage",
        interval("19 00:00", "20 12:00"),
        interval("20 10:00", "20 14:00", side="sender", layer=None, stream="export"),
    )
    sender, receiver = facts(db).coverage
    assert (sender.side, sender.layer, sender.covered_share) == ("sender", "", 1)
    assert (receiver.covered_share, receiver.hole_count) == (0.5, 1)


def test_coverage_of_a_period_without_length_has_no_share(db: Database) -> None:
    add(db, "coverage", interval("20 10:00", "20 11:00"))
    (stream,) = facts(db).coverage
    assert stream.covered_share is None
    assert stream.holes == ()


def test_two_exports_of_one_stream_are_not_counted_twice(db: Database) -> None:
    for completeness in ("failures", "all"):
        export = {"side": "sender", "stream": "export", "completeness": completeness}
        add(db, "coverage", interval("20 00:00", "20 12:00") | export)
    since, until = day_bounds("2026-11-20")
    (stream,) = facts(db, since=since, until=until).coverage
    assert (stream.completeness, stream.covered_share) == ("all+failures", 0.5)
    assert [hole.reason for hole in stream.holes] == ["sender_window"]


def test_of_many_holes_the_longest_are_listed(db: Database) -> None:
    hour = timedelta(hours=1)
    for n in range(MAX_HOLES + 5):
        start = at("01 00:00") + n * hour
        add(
            db,
            "coverage",
            interval("01 00:00", "01 00:00", starts_at=start, ends_at=start + hour * 0.9),
        )
    found = facts(db, since=at("01 00:00"), until=at("03 00:00")).coverage[0]
    assert found.hole_count == MAX_HOLES + 5
    assert len(found.holes) == MAX_HOLES
    assert max(hole.seconds for hole in found.holes) > 3600
    assert [h.starts_at for h in found.holes] == sorted(h.starts_at for h in found.holes)
    assert found.covered_seconds == pytest.approx((MAX_HOLES + 5) * 0.9 * 3600)


def test_a_zone_error_is_passed_on(db: Database) -> None:
    add(db, "clock_offsets", {"stream": "s", "offset_ms": 3_600_000, "zone_error_minutes": 60})
    assert [clock.zone_error_minutes for clock in facts(db).clocks] == [60]


def test_clocks_are_those_of_the_days_of_the_period(db: Database) -> None:
    for day in (None, date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)):
        row = {"stream": "s", "day": day, "offset_ms": 1.0, "pairs": 40, "method": "m"}
        add(db, "clock_offsets", row)
    since, until = at("21 06:00"), at("22 00:00")
    days = [clock.day for clock in facts(db, since=since, until=until).clocks]
    assert days == [None, date(2026, 11, 21)]
    assert len(facts(db).clocks) == 4


def test_files_show_their_latest_status_and_sums_of_their_offers(db: Database) -> None:
    db.con.execute("UPDATE meta SET reconciled_file_id = 9")
    generation = {"generation_id": 1, "side": "sender", "stream": "export", "format": "showpass"}
    add(db, "generations", generation)
    add(
        db,
        "files",
        {"file_id": 1, "path": "b.csv", "status": "refused", "reason": "unknown format"},
        {"file_id": 2, "path": "a.csv", "status": "loaded", "generation_id": 1, "records": 10},
        {"file_id": 3, "path": "a.csv", "status": "grown", "generation_id": 1, "records": 5},
        {"file_id": 4, "path": "a.csv", "status": "unchanged", "generation_id": 1, "records": 0},
    )
    found = facts(db)
    assert found.file_counts == {"loaded": 0, "grown": 0, "unchanged": 1, "refused": 1}
    a, b = found.files
    assert (a.path, a.status, a.records, a.stream) == ("a.csv", "unchanged", 15, "export")
    assert (b.path, b.status, b.reason, b.stream) == ("b.csv", "refused", "unknown format", "")


def test_rejects_are_counted_by_file_and_reason(db: Database) -> None:
    db.con.execute("UPDATE meta SET reconciled_file_id = 1")
    add(db, "files", {"file_id": 1, "path": "access.log", "status": "loaded"})
    for line, reason in ((9, "bad_time"), (4, "no_match"), (3, "bad_time")):
        detail = f"up to column {line}"
        row = {"file_id": 1, "line": line, "lines": 2, "reason": reason, "detail": detail}
        add(db, "rejects", row)
    assert [
        (r.path, r.reason, r.records, r.lines, r.first_line, r.detail) for r in facts(db).rejects
    ] == [
        ("access.log", "bad_time", 2, 4, 3, "up to column 3"),
        ("access.log", "no_match", 1, 2, 4, "up to column 4"),
    ]


def test_a_hole_is_told_in_the_days_that_it_touches(db: Database) -> None:
    holes = [("20 10:00", "20 12:00"), ("22 23:00", "23 01:00")]
    add(
        db,
        "coverage",
        *(
            {
                "side": "receiver",
                "stream": "s",
                "covered": False,
                "starts_at": at(a),
                "ends_at": at(b),
            }
            for a, b in holes
        ),
    )
    diagnose(db)
    told = {
        day: [
            f.last_at
            for f in facts(db, since=at(f"{day} 00:00"), until=at(f"{day + 1} 00:00")).findings
        ]
        for day in range(19, 25)
    }
    ends = [at(end) for _, end in holes]
    assert told == {19: [], 20: ends[:1], 21: [], 22: ends[1:], 23: ends[1:], 24: []}


def test_findings_come_worst_first_then_by_size(db: Database) -> None:
    add_one_of_each(db)
    add(db, "deliveries", delivery("r2", "refused"), delivery("u2", "undetermined"))
    diagnose(db)
    found = facts(db)
    assert [(f.severity, f.rule_id, f.deliveries) for f in found.findings] == [
        ("critical", "refused", 2),
        ("critical", "missed", 1),
        ("critical", "unprocessed", 1),
        ("warning", "test_health", 1),
        ("warning", "unacknowledged", 1),
        ("warning", "unexpected", 1),
        ("warning", "evidence", 2),
    ]
    assert all(f.explain and f.next_check and f.guide_step for f in found.findings)


def test_a_known_problem_neither_alarms_nor_vanishes(db: Database) -> None:
    rows = (
        ("refused", SHOP, "20 10:00"),
        ("missed", SHOP, "20 10:00"),
        ("refused", PARTNER, "21 10:00"),
    )
    for n, (outcome, url, time) in enumerate(rows):
        add(
            db,
            "deliveries",
            delivery(f"e{n}", outcome, endpoint_url=url, first_attempt_at=at(time)),
        )
    diagnose(db)

    def alarms(**period: Any) -> set[tuple[str, str]]:
        found = facts(db, **period)
        assert len(found.findings) == 3 or period
        assert found.worst == (
            "critical" if any(not f.acknowledged for f in found.findings) else None
        )
        return {(f.rule_id, f.endpoint_url) for f in found.findings if not f.acknowledged}

    acknowledge(db, "refused", "we pay for no more", "shop", None)
    assert alarms() == {("missed", SHOP), ("refused", PARTNER)}
    assert [f.acknowledged for f in facts(db).findings] == ["", "", "we pay for no more"]
    acknowledge(db, "missed", "old firewall", "", date(2026, 11, 20))
    assert alarms() == {("refused", PARTNER)}
    day: Any = {"since": at("20 00:00"), "until": at("21 00:00")}
    assert alarms(**day) == set()
    shown = sections.findings(facts(db, **day)).html
    assert re.findall(r'hk-badge hk-info">([^<]*)<', shown) == ["acknowledged"] * 2
    told = repr(sections.findings(facts(db)))
    assert told.index("critical: ") < told.index("acknowledged: ")
    assert "old firewall (until 2026-11-20)" in sections.findings(facts(db)).html
    # What comes after its end, or is taken back, is an alarm again.
    late = delivery("late", "missed", first_attempt_at=at("21 00:00"))
    add(db, "deliveries", late)
    diagnose(db)
    assert alarms() == {("missed", SHOP), ("refused", PARTNER)}
    acknowledge(db, "refused", "over", "shop", date(2026, 11, 19))
    assert alarms() == {("missed", SHOP), ("refused", PARTNER), ("refused", SHOP)}
    for rule, endpoint in (("nothing", ""), ("missed", "elsewhere")):
        with pytest.raises(InputError, match=r"no rule|none fits"):
            acknowledge(db, rule, "", endpoint, None)


def test_resends_are_counted_within_the_period(db: Database) -> None:
    rows = [("a", "resend"), ("b", "resend"), ("c", "done"), ("d", "wait"), ("e", "do_not_resend")]
    for event, advice in rows:
        add(db, "deliveries", delivery(event, "missed"))
        add(db, "resends", {"event_uuid": event, "endpoint_url": SHOP, "advice": advice})
    late = delivery("late", "missed", first_attempt_at=at("22 10:00"))
    add(db, "deliveries", late)
    add(db, "resends", {"event_uuid": "late", "endpoint_url": SHOP, "advice": "resend"})
    assert facts(db, until=at("21 00:00")).resends == Resends(2, 1, 1, 1)
    assert facts(db).resends == Resends(3, 1, 1, 1)


@pytest.mark.parametrize(
    ("outcome", "worst"),
    [("delivered", None), ("undetermined", "warning"), ("missed", "critical")],
)
def test_the_worst_severity_decides(db: Database, outcome: str, worst: str | None) -> None:
    add(db, "deliveries", delivery("a", outcome), delivery("b", "delivered"))
    diagnose(db)
    assert facts(db).worst == worst
    assert SEVERITIES == ("info", "warning", "critical")


# --- JSON and rounding -------------------------------------------------------------------------


def test_to_dict_keeps_the_order_of_the_fields_and_writes_iso_times(db: Database) -> None:
    add_one_of_each(db)
    add(db, "clock_offsets", {"stream": "s", "day": date(2026, 11, 20), "offset_ms": 6999.96})
    add(db, "coverage", interval("20 10:00", "20 11:00"))
    found = facts(db, since=at("20 10:00"), until=at("20 13:00")).to_dict()
    assert list(found) == [field.name for field in fields(Facts)]
    assert found["period"]["since"] == "2026-11-20T10:00:00Z"
    assert found["clocks"][0]["day"] == "2026-11-20"
    assert found["clocks"][0]["offset_ms"] == 7000.0
    assert found["coverage"][0]["covered_share"] == 0.3333
    assert found["coverage"][0]["holes"][0]["seconds"] == 7200
    assert isinstance(found["coverage"][0]["covered_seconds"], int)
    assert found["versions"]["tzdata"] == "2026f"
    assert found["versions"]["hookanalysis"] == metadata.version("hookanalysis")
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [(2.675, 2, 2.68), (0.125, 2, 0.13), (2.5, 0, 3), (-2.5, 0, -3), (1.005, 2, 1.01), (7, 1, 7)],
)
def test_halves_are_rounded_away_from_zero(value: float, digits: int, rounded: float) -> None:
    assert round_number(value, digits) == rounded


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "\N{EN DASH}"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (9_999, 10_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
        (1, 3, "33.3 %"),
        (1, 16, "6.3 %"),
    ],
)
def test_a_share_never_claims_all_or_nothing_when_it_is_not(
    part: int, whole: int, text: str
) -> None:
    assert percent(part, whole) == text


# --- the SQL files -----------------------------------------------------------------------------


def test_each_query_is_one_select_with_grain_and_inputs() -> None:
    queries = [
        query for file in REPORT_FILES for query in re.split(r"\n(?=/\* )", file.read_text("utf-8"))
    ]
    wrong = [
        query.partition("\n")[0]
        for query in queries
        if not re.match(r"/\* \w+: .+\n   grain:  .+\n   inputs: .+", query)
        or ";" in query.partition("*/")[2]
        or re.search(r"^SELECT\s+\*", query, re.MULTILINE)
    ]
    assert wrong == []
    assert len(queries) > 3 * len(REPORT_FILES)
