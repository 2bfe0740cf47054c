"""What holds for any logs: outcomes partition, less coverage proves less, order means nothing."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handwritten import APP, EDGE, SENDER, World, clock, event_of, settle
from hookanalysis.database import Database
from hookanalysis.tables import OUTCOMES
from tiers import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Event and endpoint → outcome and detail.
Outcomes = dict[tuple[str, str], tuple[str, str]]

# `EXAMPLES=50 pytest tests/test_reconciliation_properties.py` draws more days.
DAYS = int(os.environ.get("EXAMPLES", "3"))

ANSWERS = ("200", "204", "302", "404", "500", "502")
SAID = ("success 200", "success", "failed 500", "failed 404", "failed timeout", "failed refused")
STEPS = ("received", "processed", "duplicate", "failed", "signature_failed", "-")
SENDERS = ("34.83.8.110", "203.0.113.9")


class Day:
    """A day's events, each with any attempts and any receipts, likely or not; and its verdicts."""

    def __init__(self, number: int) -> None:
        self.dice = random.Random(number)
        self.told = [line for n in range(self.dice.randint(20, 40)) for line in self._event(n)]
        self.judged = outcomes(self.told)

    def _event(self, number: int) -> Iterator[str]:
        roll = self.dice
        hour, minute = divmod(60 + roll.randint(0, 22 * 60), 60)
        known = f"event={event_of(number)}"
        for _ in range(roll.randint(0, 2)):
            said = roll.choice((*SAID, "pending", "none"))
            yield f"attempt {hour:02}:{minute:02}:{roll.randint(0, 59):02} {said} {known}"
        for _ in range(roll.choice((0, 0, 1, 1, 1, 2, 3))):
            what = f"{roll.choice(STEPS)} {roll.choice((*ANSWERS, ''))} {known}"
            seconds = f"{roll.randint(0, 70)}.5"
            yield f"app {hour:02}:{minute:02}:{seconds} {what} ip={roll.choice(SENDERS)}"
        for _ in range(roll.choice((0, 1, 1, 2))):
            yield f"edge {hour:02}:{minute:02}:{roll.randint(0, 70)} {roll.choice(ANSWERS)}"

    def changed(self, change: Callable[[World], Any]) -> Outcomes:
        """What becomes of the day where its logs were changed."""
        return outcomes(self.told, change)


@pytest.fixture(
    scope="module", params=[0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, DAYS))]
)
def day(request: pytest.FixtureRequest) -> Day:
    return Day(request.param)


def outcomes(told: list[str], change: Callable[[World], Any] = lambda _: None) -> Outcomes:
    """Delivery → outcome and detail, after the logs were changed."""
    with Database(":memory:") as db:
        world = World(db)
        world.tell("\n".join(told))
        change(world)
        settle(db)
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


def missed(found: Outcomes) -> set[tuple[str, str]]:
    return {key for key, (outcome, _) in found.items() if outcome == "missed"}


def test_less_coverage_proves_less(day: Day) -> None:
    minute = day.dice.randint(60, 21 * 60)
    until = minute + day.dice.randint(16, 180)
    start, end = (f"{at // 60}:{at % 60:02}" for at in (minute, until))

    def forget_signs_of_life(world: World) -> None:
        text = "DELETE FROM activity WHERE minute_at BETWEEN ? AND ?"
        world.db.con.execute(text, [clock(start), clock(end)])

    assert missed(day.changed(forget_signs_of_life)) <= missed(day.judged)
    # And with the lines themselves gone, nobody is called missed who was not.
    assert missed(day.changed(lambda world: world.silence(start, end))) <= missed(day.judged)


def test_a_rejected_line_proves_less(day: Day) -> None:
    line = day.dice.randint(0, 1439)
    shrunk = day.changed(lambda world: world.tell(f"reject {line // 60}:{line % 60}"))
    assert missed(shrunk) <= missed(day.judged)


def test_order_and_numbers_mean_nothing(day: Day) -> None:
    shuffled = day.dice.sample(day.told, len(day.told))

    def renumber(world: World) -> None:
        # Other files in another order: what was generation 1 to 3 is now 9 to 7.
        for table in ("generations", "attempt_records", "receipt_records", "activity"):
            world.db.con.execute(f"UPDATE {table} SET generation_id = 10 - generation_id")

    assert outcomes(shuffled, renumber) == day.judged


def test_an_overlapping_export_and_requests_for_others_mean_nothing(day: Day) -> None:
    def add(world: World) -> None:
        world.generation(9, "sender", "export", None, completeness="all")
        world.db.con.execute(
            "INSERT INTO attempt_records SELECT * REPLACE (9 AS generation_id)"
            " FROM attempt_records WHERE generation_id = ? AND line >= ?",
            [SENDER, day.dice.randint(0, 100)],
        )
        for hour in range(24):
            for minute in (1, 7):
                world.tell(f"edge {hour:02}:{minute:02} 200 path=/login ip=198.51.100.7")
            world.tell(f"app {hour:02}:03 - 200 path=/login event=")

    assert day.changed(add) == day.judged


def test_the_receivers_clock_means_nothing(day: Day) -> None:
    def shift(world: World) -> None:
        seconds = day.dice.randint(-300, 300)
        world.db.con.execute(
            "UPDATE receipt_records SET logged_at = logged_at + to_seconds(?)", [seconds]
        )
        world.db.con.execute(
            "UPDATE activity SET minute_at = minute_at + to_seconds(?),"
            " first_at = first_at + to_seconds(?), last_at = last_at + to_seconds(?)",
            [seconds] * 3,
        )

    assert day.changed(shift) == day.judged


@pytest.mark.parametrize("log", some([EDGE, APP], EDGE))
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
