"""Incidents: runs of failures found in series of tries, and told of whole workspaces."""

from __future__ import annotations

from itertools import product
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwritten import OTHER_URL, World, event_of
from hookanalysis.database import Database
from hookanalysis.verdict.incidents import INCIDENT_SHARE, ORDINARY_SHARE, find_runs, trace_runs
from hookanalysis.verdict.steps import reconcile


def runs_of(series: str) -> list[str]:
    """The runs in a series such as `...xxx..`, as pieces of the text; an open one ends in `>`.

    Each letter is a failure of another kind.
    """
    failures = [(place, mark) for place, mark in enumerate(series, start=1) if mark != "."]
    places, kinds = zip(*failures, strict=True) if failures else ((), ())
    found = find_runs(places, kinds, len(series))
    return [series[run.first - 1 : run.last] + ">" * run.still_open for run in found]


QUIET = "." * 50


@pytest.mark.parametrize(
    ("series", "wanted"),
    [
        (QUIET, []),
        (f"{QUIET}x{QUIET}", []),
        (f"{QUIET}xx{QUIET}", []),
        (f"{QUIET}xxx{QUIET}", ["xxx"]),
        (f"{QUIET}x.xx.x.xx{QUIET}", ["x.xx.x.xx"]),
        (f"{QUIET}xxxxxxxxx......xxxx{QUIET}", ["xxxxxxxxx", "xxxx"]),
        # Failures here and there do not hide a short run.
        (f"{QUIET}xxxx............x......x.....x.x......", ["xxxx"]),
        (f"{QUIET}xxxxx{QUIET}xxxx{QUIET}", ["xxxxx", "xxxx"]),
        (f"{QUIET}xxxxx", ["xxxxx>"]),
        (f"{QUIET}xxxxx..", ["xxxxx>"]),
        (f"{QUIET}xxxxx...", ["xxxxx"]),
        ("xxxxxxxx", ["xxxxxxxx>"]),
        # What fails in another way after a success is another incident; or none, if it is short.
        (f"{QUIET}xxxx..yyyyyy{QUIET}", ["xxxx", "yyyyyy"]),
        (f"{QUIET}xxxx.y{QUIET}", ["xxxx"]),
        (f"{QUIET}xxxyyy{QUIET}", ["xxxyyy"]),
        (f"{QUIET}xxx.yyx.yx{QUIET}", ["xxx.yyx.yx"]),
        (f"{QUIET}xxxx.yyy.", ["xxxx", "yyy>"]),
        # One try in three fails all the time: that is its ordinary state, and no incident.
        ("x.x....x.." * 20, []),
        ("x.x....x.." * 20 + "x" * 30 + "x.x....x.." * 20, ["x" * 31]),
    ],
)
def test_runs(series: str, wanted: list[str]) -> None:
    assert runs_of(series) == wanted


@given(st.text("x.", max_size=9))
def test_the_path_is_the_likeliest_of_all(tail: str) -> None:
    penalty = 6.0
    gain = {
        "x": log(INCIDENT_SHARE / ORDINARY_SHARE),
        ".": log((1 - INCIDENT_SHARE) / (1 - ORDINARY_SHARE)),
    }

    def score(states: tuple[int, ...]) -> float:
        switches = sum(a != b for a, b in zip((0, *states), states, strict=False))
        weights = (gain[mark] * state for mark, state in zip(tail, states, strict=True))
        return sum(weights) - penalty * switches

    places = [n for n, mark in enumerate(tail, start=1) if mark == "x"]
    runs = trace_runs(places, len(tail), ORDINARY_SHARE, penalty)
    found = tuple(
        int(any(run.first <= n <= run.last for run in runs)) for n in range(1, len(tail) + 1)
    )
    # A path may end in an incident that the successes since its last failure do not outweigh.
    ended = tuple(int(state or n >= runs[-1].last) for n, state in enumerate(found) if runs)
    best = max(score(states) for states in product((0, 1), repeat=len(tail)))
    assert max(score(found), score(ended or found)) == pytest.approx(best)


def test_a_server_that_is_down_is_one_incident(db: Database) -> None:
    world = World(db)
    second = "https://shop.example/other"
    for minute in range(10):
        for number, url in enumerate(["https://shop.example/hooks", second, OTHER_URL]):
            says = "success 200" if url == OTHER_URL else "failed refused"
            event = event_of(100 + 3 * minute + number)
            world.tell(f"attempt 12:{minute:02}:30 {says} event={event} url={url}")
    reconcile(db)
    found = db.rows(
        "SELECT scope, endpoint_url, host, CAST(starts_at AS VARCHAR), CAST(ends_at AS VARCHAR),"
        " failed, recovered, still_open, statuses FROM incidents"
    )
    start, end = "2026-11-20 12:00:30", "2026-11-20 12:09:30"
    assert found == [("server", "", "shop.example", start, end, 20, 0, False, "refused")]


@pytest.mark.parametrize(("second", "scopes"), [("503", ["server"]), ("401", ["endpoint"] * 2)])
def test_two_endpoints_that_fail_at_once_are_one_incident_only_if_alike(
    db: Database, second: str, scopes: list[str]
) -> None:
    world = World(db)
    for minute in range(10):
        for number, status in enumerate(["500", second]):
            # A few fail as the other does: some of them in the same way is not enough.
            told = "500" if minute == 5 else status
            url = "https://shop.example/other" if number else "https://shop.example/hooks"
            event = event_of(100 + 2 * minute + number)
            world.tell(f"attempt 12:{minute:02}:30 failed {told} event={event} url={url}")
    reconcile(db)
    assert [scope for (scope,) in db.rows("SELECT scope FROM incidents")] == scopes


def test_a_failed_endpoint_beside_a_healthy_one(db: Database) -> None:
    world = World(db)
    for minute in range(10):
        event = event_of(100 + minute)
        world.tell(f"attempt 12:{minute:02}:30 failed 500 event={event} type=invoice.refund")
        if minute == 9:
            world.tell(f"attempt 13:{minute:02}:30 success 200 event={event} type=invoice.refund")
            world.tell(f"app 13:{minute:02}:35.3 processed 200 event={event}")
    reconcile(db)
    columns = "scope, endpoint_url, failed, recovered, event_types, statuses"
    assert db.rows(f"SELECT {columns} FROM incidents") == [
        ("endpoint", "https://shop.example/hooks", 10, 1, "invoice.refund", "500")
    ]
