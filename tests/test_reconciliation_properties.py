"""What holds for any logs: outcomes partition, less coverage proves less, order means nothing."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handwritten import APP, EDGE, SENDER, World, clock, event_of
from hookanalysis.database import Database
from hookanalysis.tables import OUTCOMES
from hookanalysis.verdict.steps import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

# Each example is a whole day of some thirty stories, so a few examples go far.
few = settings(
    max_examples=int(os.environ.get("EXAMPLES", "3")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ANSWERS = ("200", "204", "302", "404", "500", "502")
SAID = ("success 200", "success", "failed 500", "failed 404", "failed timeout", "failed refused")
STEPS = ("received", "processed", "duplicate", "failed", "signature_failed", "-")
SENDERS = ("34.83.8.110", "203.0.113.9")


@st.composite
def stories(draw: st.DrawFn) -> list[str]:
    """A day's events: each with any attempts and any receipts, likely or not."""
    told = []
    for number in range(draw(st.integers(20, 40))):
        hour, minute = divmod(60 + draw(st.integers(0, 22 * 60)), 60)
        known = f"event={event_of(number)}"
        for _ in range(draw(st.integers(0, 2))):
            said = draw(st.sampled_from((*SAID, "pending", "none")))
            second = draw(st.integers(0, 59))
            told.append(f"attempt {hour:02}:{minute:02}:{second:02} {said} {known}")
        for _ in range(draw(st.sampled_from((0, 0, 1, 1, 1, 2, 3)))):
            step = draw(st.sampled_from(STEPS))
            answer = draw(st.sampled_from((*ANSWERS, "")))
            second = draw(st.integers(0, 70))
            who = draw(st.sampled_from(SENDERS))
            told.append(f"app {hour:02}:{minute:02}:{second}.5 {step} {answer} {known} ip={who}")
        for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
            second = draw(st.integers(0, 70))
            answer = draw(st.sampled_from(ANSWERS))
            told.append(f"edge {hour:02}:{minute:02}:{second} {answer}")
    return told


def outcomes(
    told: list[str], change: Callable[[World], Any] = lambda _: None
) -> dict[tuple[str, str], tuple[str, str]]:
    """Delivery → outcome and detail, after the logs were changed."""
    with Database(":memory:") as db:
        world = World(db)
        world.tell("\n".join(told))
        change(world)
        reconcile(db)
        known = db.rows(
            "SELECT event_uuid, endpoint_url FROM attempts"
            " WHERE status <> 'none' OR event_uuid NOT IN"
            " (SELECT event_uuid FROM attempts WHERE status <> 'none')"
            " UNION SELECT event_uuid, endpoint_url FROM matches"
        )
        rows = db.rows("SELECT event_uuid, endpoint_url, outcome, detail, reason FROM deliveries")
    assert sorted(known) == sorted(row[:2] for row in rows), "each delivery has one outcome"
    assert {row[2] for row in rows} <= set(OUTCOMES)
    for *_, outcome, _, reason in rows:
        assert (reason is not None) == (outcome in {"undetermined", "pending"})
    return {row[:2]: row[2:4] for row in rows}


def missed(found: dict[tuple[str, str], tuple[str, str]]) -> set[tuple[str, str]]:
    return {key for key, (outcome, _) in found.items() if outcome == "missed"}


@few
@given(told=stories(), hour=st.integers(1, 21), minutes=st.integers(16, 180))
def test_less_coverage_proves_less(told: list[str], hour: int, minutes: int) -> None:
    whole = outcomes(told)
    start = f"{hour}:00"
    end = f"{hour}:{minutes}"

    def forget_signs_of_life(world: World) -> None:
        text = "DELETE FROM activity WHERE minute_at BETWEEN ? AND ?"
        world.db.con.execute(text, [clock(start), clock(end)])

    shrunk = outcomes(told, forget_signs_of_life)
    assert missed(shrunk) <= missed(whole)
    # And with the lines themselves gone, nobody is called missed who was not.
    assert missed(outcomes(told, lambda world: world.silence(start, end))) <= missed(whole)


@few
@given(told=stories(), line=st.integers(0, 1439))
def test_a_rejected_line_proves_less(told: list[str], line: int) -> None:
    reject = f"reject {line // 60}:{line % 60}"
    shrunk = outcomes(told, lambda world: world.tell(reject))
    assert missed(shrunk) <= missed(outcomes(told))


@few
@given(told=stories(), seed=st.randoms(use_true_random=False))
def test_order_and_numbers_mean_nothing(told: list[str], seed: Any) -> None:
    shuffled = list(told)
    seed.shuffle(shuffled)

    def renumber(world: World) -> None:
        # Other files in another order: what was generation 1 to 3 is now 9 to 7.
        for table in ("generations", "attempt_records", "receipt_records", "activity"):
            world.db.con.execute(f"UPDATE {table} SET generation_id = 10 - generation_id")

    assert outcomes(shuffled, renumber) == outcomes(told)


@few
@given(told=stories(), cut=st.integers(0, 100))
def test_overlapping_exports_add_nothing(told: list[str], cut: int) -> None:
    def export_again(world: World) -> None:
        world.generation(9, "sender", "export", None, completeness="all")
        world.db.con.execute(
            "INSERT INTO attempt_records SELECT * REPLACE (9 AS generation_id)"
            " FROM attempt_records WHERE generation_id = ? AND line >= ?",
            [SENDER, cut],
        )

    assert outcomes(told, export_again) == outcomes(told)


@few
@given(told=stories(), seconds=st.integers(-300, 300))
def test_the_receivers_clock_means_nothing(told: list[str], seconds: int) -> None:
    def shift(world: World) -> None:
        world.db.con.execute(
            "UPDATE receipt_records SET logged_at = logged_at + to_seconds(?)", [seconds]
        )
        world.db.con.execute(
            "UPDATE activity SET minute_at = minute_at + to_seconds(?),"
            " first_at = first_at + to_seconds(?), last_at = last_at + to_seconds(?)",
            [seconds] * 3,
        )

    assert outcomes(told, shift) == outcomes(told)


@few
@given(told=stories())
def test_requests_for_others_mean_nothing(told: list[str]) -> None:
    minutes = [(h, m) for h in range(24) for m in (1, 7)]
    noise = [f"edge {h:02}:{m:02} 200 path=/login ip=198.51.100.7" for h, m in minutes]
    noise += [f"app {h:02}:03 - 200 path=/login event=" for h in range(24)]
    assert outcomes([*told, *noise]) == outcomes(told)


@pytest.mark.parametrize("log", [EDGE, APP])
def test_a_host_that_is_missing_is_no_proof(log: int) -> None:
    told = [f"attempt 12:{n}0 failed timeout event={event_of(n)}" for n in range(5)]
    assert len(missed(outcomes(told))) == 5

    def another_host(world: World) -> None:
        world.generation(9, "receiver", "second", {EDGE: "edge", APP: "app"}[log], time_marks="end")
        world.alive("00:00", "03:00", 9)

    # A second application host does not matter: the edge in front of both has no line.
    assert len(missed(outcomes(told, another_host))) == {EDGE: 0, APP: 5}[log]


def test_a_year_of_distance_overflows_nothing() -> None:
    told = ["attempt 12:00 success 200", "app 12:00:05.3 processed 200"]

    def far(world: World) -> None:
        world.db.con.execute(
            "INSERT INTO attempt_records BY NAME SELECT * REPLACE ('x' AS attempt_id,"
            " 'far' AS event_uuid, attempted_at + ? AS attempted_at) FROM attempt_records LIMIT 1",
            [timedelta(days=36500)],
        )

    assert outcomes(told, far)[event_of(0), "https://shop.example/hooks"][0] == "delivered"
