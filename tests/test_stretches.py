"""What lies between two moments that matter, as one row: against counting one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handwritten import DAY
from hookanalysis.verdict import steps
from hookanalysis.verdict.steps import write_stretches

if TYPE_CHECKING:
    from hookanalysis.database import Database

TRIES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 6), st.booleans()), min_size=0, max_size=25
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TRIES)
def test_each_stretch_is_what_lies_between_two_cuts(
    db: Database, monkeypatch: pytest.MonkeyPatch, tries: list[tuple[int, int, bool]]
) -> None:
    db.con.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT UNNEST(CAST($1 AS INTEGER[])) AS series,"
        " UNNEST(CAST($2 AS TIMESTAMP[])) AS moment, UNNEST(CAST($3 AS BOOLEAN[])) AS cut",
        [list(column) for column in zip(*((s, at(m), c) for s, m, c in tries), strict=True)]
        or [[], [], []],
    )
    monkeypatch.setattr(steps, "sql_text", lambda _: "FROM given")
    write_stretches(db, "found")
    found = db.rows("SELECT series, first_at, last_at, tries FROM found ORDER BY ALL")
    assert found == sorted(one_by_one(tries))


def at(second: int) -> object:
    return DAY + timedelta(seconds=second)


def one_by_one(tries: list[tuple[int, int, bool]]) -> list[tuple[object, ...]]:
    """The stretches of each series, found by walking through it."""
    rows: list[tuple[object, ...]] = []
    for series in {s for s, _, _ in tries}:
        moments: list[int] = []
        # A try at the moment of a cut lies before it.
        walk = sorted((m, c) for s, m, c in tries if s == series)
        for moment, cut in [*walk, (99, True)]:
            if not cut:
                moments.append(moment)
            elif moments:
                rows.append((series, at(moments[0]), at(moments[-1]), len(moments)))
                moments = []
    return rows
