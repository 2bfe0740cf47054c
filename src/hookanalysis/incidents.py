"""Runs of failures in time: where a two-state Viterbi path says that something was down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from math import log
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .database import Database

# The two states: at ordinary times a try fails as often as the series' ordinary tries do, but this
# often at least; in an incident, this often. Each change of state must be worth the penalty (as a
# logarithm of likelihood). The numbers are those of reference/reliability.md 5.7.
ORDINARY_SHARE = 0.005
INCIDENT_SHARE = 0.7
SWITCH_PENALTY = 6.0

# The ordinary share is that of the median block of so many tries.
_BLOCK = 10
# So many successes after the last failure end an incident for certain.
_ENDING = 3


@dataclass(frozen=True)
class Run:
    """One run of failures: places of its first and last in the series, and whether it goes on."""

    first: int
    last: int
    still_open: bool = False
    earlier: Run | None = field(default=None, repr=False, compare=False)
    """The run before it on the same path."""


def write_failure_runs(db: Database) -> None:
    """Make the table `failure_runs` out of `failures`: the runs of each series."""
    found: list[list[object]] = [[], [], [], [], []]
    rows = db.rows("SELECT scope, series, tries, nth FROM failures ORDER BY ALL")
    for (scope, series, tries), group in groupby(rows, key=lambda row: row[:3]):
        for run in find_runs([row[3] for row in group], tries):
            row = (scope, series, run.first, run.last, run.still_open)
            for column, value in zip(found, row, strict=True):
                column.append(value)
    db.con.execute(
        "CREATE OR REPLACE TABLE failure_runs AS SELECT CAST(UNNEST($1) AS VARCHAR) AS scope,"
        " CAST(UNNEST($2) AS VARCHAR) AS series, CAST(UNNEST($3) AS BIGINT) AS first_nth,"
        " CAST(UNNEST($4) AS BIGINT) AS last_nth, CAST(UNNEST($5) AS BOOLEAN) AS still_open",
        found,
    )


def find_runs(places: Sequence[int], tries: int) -> list[Run]:
    """The runs in a series of `tries`, given the places (from 1, rising) of those that failed.

    It is the likeliest path through the two states. Only failures are looked at: the successes
    between two of them weigh what their number says, and a run begins and ends with a failure.
    """
    ordinary = _ordinary_share(places, tries)
    failure = log(INCIDENT_SHARE / ordinary)
    success = log((1 - INCIDENT_SHARE) / (1 - ordinary))
    # Of each state: the score of the best path that ends in it (ordinary tries weigh nothing), and
    # the closed runs of that path; of an incident also where it began.
    calm, down = 0.0, float("-inf")
    calm_run: Run | None = None
    down_run: Run | None = None
    began = last = 0
    for place in places:
        if down - SWITCH_PENALTY > calm:
            calm, calm_run = down - SWITCH_PENALTY, Run(began, last, earlier=down_run)
        down += (place - last - 1) * success
        if calm - SWITCH_PENALTY > down:
            down, down_run, began = calm - SWITCH_PENALTY, calm_run, place
        down += failure
        last = place
    since = tries - last
    if down - min(SWITCH_PENALTY, -since * success) > calm:
        calm_run = Run(began, last, since < _ENDING, down_run)
    runs = []
    while calm_run:
        runs.append(calm_run)
        calm_run = calm_run.earlier
    return runs[::-1]


def _ordinary_share(places: Sequence[int], tries: int) -> float:
    """How often a try of the series fails when nothing is wrong: its flakiness.

    A series that fails mostly has no ordinary times to learn from.
    """
    failed = Counter((place - 1) // _BLOCK for place in places)
    sizes = [min(_BLOCK, tries - start) for start in range(0, tries, _BLOCK)]
    share = median_low(failed[number] / size for number, size in enumerate(sizes))
    return max(share, ORDINARY_SHARE) if share <= 0.5 else ORDINARY_SHARE
