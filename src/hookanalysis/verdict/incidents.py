"""Runs of failures in time: where a two-state Viterbi path says that something was down."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import log
from typing import Any

from hookanalysis.database import Database, sql_text

# The two states of reference/reliability.md 5.7: at ordinary times a try fails as often as the
# series' other tries do, but this often at least; in an incident, this often. With the 0.7 of that
# page, two outages with five successes between them were one.
ORDINARY_SHARE = 0.005
INCIDENT_SHARE = 0.9

# Each change of state must be worth a penalty, as a logarithm of likelihood: the logarithm of how
# many places there are for it, and this much at most.
_LARGEST_PENALTY = 6.0

# A run is dense where at least this share of its tries failed; all else is a flaky ordinary time.
_DENSE = 0.5
# Fewer failures are no incident; and so many successes after the last failure end one for certain.
_FEWEST = 3
_ENDING = 3

# How often the ordinary share may be estimated anew, now that runs are known.
_ROUNDS = 4


@dataclass(frozen=True)
class Run:
    """One run of failures: places of its first and last in the series, and whether it goes on."""

    first: int
    last: int
    still_open: bool = False
    earlier: Run | None = field(default=None, repr=False, compare=False)
    """The run before it on the same path."""


def write_run_failures(db: Database) -> None:
    """Make `run_failures`: the failures of `first_tries` that belong to a run of their series."""
    db.make("failures", sql_text("incidents/failures"))
    rows = db.rows("SELECT scope, series, tries, nth, kind FROM failures ORDER BY ALL")
    found: list[tuple[Any, ...]] = []
    for (scope, series, tries), group in groupby(rows, key=lambda row: row[:3]):
        _, _, _, places, kinds = zip(*group, strict=True)
        runs = find_runs(places, kinds, tries)
        found += [(scope, series, run.first, run.last, run.still_open) for run in runs]
    db.con.execute(
        "CREATE OR REPLACE TEMP TABLE failure_runs AS SELECT CAST(UNNEST($1) AS VARCHAR) AS scope,"
        " CAST(UNNEST($2) AS VARCHAR) AS series, CAST(UNNEST($3) AS BIGINT) AS first_nth,"
        " CAST(UNNEST($4) AS BIGINT) AS last_nth, CAST(UNNEST($5) AS BOOLEAN) AS still_open",
        [[row[column] for row in found] for column in range(5)],
    )
    db.make("run_failures", sql_text("incidents/run_failures"))
    for name in ("failures", "failure_runs"):
        db.con.execute(f"DROP TABLE temp.{name}")


def find_runs(places: Sequence[int], kinds: Sequence[str], tries: int) -> list[Run]:
    """The incidents in a series of `tries`: where (from 1, rising) and how those failed that did.

    How often a try fails at ordinary times is learnt from those outside of dense runs.
    """
    ordinary = ORDINARY_SHARE
    for _ in range(_ROUNDS):
        runs = trace_runs(places, tries, ordinary, min(_LARGEST_PENALTY, log(tries)))
        failed = [bisect_right(places, run.last) - bisect_left(places, run.first) for run in runs]
        lengths = [run.last - run.first + 1 for run in runs]
        dense = [(k, n) for k, n in zip(failed, lengths, strict=True) if k >= _DENSE * n]
        others = tries - sum(n for _, n in dense)
        share = (len(places) - sum(k for k, _ in dense)) / others if others else 0
        if ordinary == (ordinary := max(ORDINARY_SHARE, min(share, _DENSE))):
            break
    return [part for run in runs for part in split_run(run, places, kinds)]


def split_run(run: Run, places: Sequence[int], kinds: Sequence[str]) -> list[Run]:
    """The parts of a run that are incidents of their own: each fails in another way.

    A part ends where something succeeds, and no kind of failure is found on both sides of it.
    """
    start, end = bisect_left(places, run.first), bisect_right(places, run.last)
    latest = {kinds[n]: n for n in range(start, end)}
    bounds, reached = [start], start
    for n in range(start, end):
        if n > reached and places[n] > places[n - 1] + 1:
            bounds.append(n)
        reached = max(reached, latest[kinds[n]])
    return [
        Run(places[a], places[b - 1], run.still_open and b == end)
        for a, b in pairwise([*bounds, end])
        if b - a >= _FEWEST
    ]


def trace_runs(places: Sequence[int], tries: int, ordinary: float, penalty: float) -> list[Run]:
    """The runs on the likeliest path through the two states (Viterbi).

    Only failures are looked at: the successes between two of them weigh what their number says, and
    a run begins and ends with a failure.
    """
    failure = log(INCIDENT_SHARE / ordinary)
    success = log((1 - INCIDENT_SHARE) / (1 - ordinary))
    # Of each state: the score of the best path that ends in it (ordinary tries weigh nothing), and
    # the closed runs of that path; of an incident also where it began.
    calm, down = 0.0, float("-inf")
    calm_run: Run | None = None
    down_run: Run | None = None
    began = last = 0
    for place in places:
        if down - penalty > calm:
            calm, calm_run = down - penalty, Run(began, last, earlier=down_run)
        down += (place - last - 1) * success
        if calm - penalty > down:
            down, down_run, began = calm - penalty, calm_run, place
        down += failure
        last = place
    since = tries - last
    if down - min(penalty, -since * success) > calm:
        calm_run = Run(began, last, since < _ENDING, down_run)
    runs = []
    while calm_run:
        runs.append(calm_run)
        calm_run = calm_run.earlier
    return runs[::-1]
