"""Certain answers against brute force: every assignment of a small instance, enumerated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookanalysis.verdict.assignment import Assignment, assign
from tiers import some

Edges = list[list[int]]


def enumerate_assignments(
    edges: Edges, row: int = 0, taken: frozenset[int] = frozenset()
) -> Iterator[tuple[int, ...]]:
    """Every way to give each row one of its lines or none (-1), no line twice."""
    if row == len(edges):
        yield ()
        return
    for line in [-1, *edges[row]]:
        if line not in taken:
            used = taken | {line} if line >= 0 else taken
            for rest in enumerate_assignments(edges, row + 1, used):
                yield (line, *rest)


def solve(edges: Edges, must: list[bool], lines: int) -> Assignment:
    pairs = [(row, line) for row, targets in enumerate(edges) for line in targets]
    rows, columns = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    return assign(len(edges), lines, (rows, columns), np.array(must, dtype=bool))


@st.composite
def instances(draw: st.DrawFn) -> tuple[Edges, list[bool], int]:
    rows, lines = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    targets = st.lists(st.integers(0, lines - 1), unique=True, max_size=4)
    edges = draw(st.lists(targets, min_size=rows, max_size=rows))
    must = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    return edges, must, lines


def neighbourhoods(edges: Edges, lines: int) -> list[set[int]]:
    """Of each row, the rows of its connected component."""
    groups = [({row}, set(targets)) for row, targets in enumerate(edges)]
    for line in range(lines):
        touching = [group for group in groups if line in group[1]]
        if touching:
            joined = (
                set().union(*(g[0] for g in touching)),
                set().union(*(g[1] for g in touching)),
            )
            groups = [group for group in groups if line not in group[1]] + [joined]
    return [next(g[0] for g in groups if row in g[0]) for row in range(len(edges))]


@pytest.mark.parametrize("examples", some([100, 500], 100))
def test_answers_are_what_holds_in_all_some_or_no_assignments(examples: int) -> None:
    settings(deadline=None, max_examples=examples)(given(instances())(check_answers))()


def check_answers(instance: tuple[Edges, list[bool], int]) -> None:
    edges, must, lines = instance
    got = solve(edges, must, lines)
    for row, near in enumerate(neighbourhoods(edges, lines)):
        members = sorted(near)
        place = members.index(row)
        allowed = [
            one
            for one in enumerate_assignments([edges[m] for m in members])
            if all(one[i] >= 0 for i, m in enumerate(members) if must[m])
        ]
        assert got.contradicted[row] == (not allowed)
        if not allowed:
            continue
        most = max(sum(line >= 0 for line in one) for one in allowed)
        largest = [one for one in allowed if sum(line >= 0 for line in one) == most]
        assert got.possible[row] == any(one[place] >= 0 for one in allowed)
        assert got.certain[row] == all(one[place] >= 0 for one in largest)
        shown = {one[place] for one in largest}
        assert got.named[row] == (len(shown) == 1 and shown != {-1})
        if got.line[row] >= 0:
            assert got.line[row] in shown
        for line in {t for m in members for t in edges[m]}:
            assert got.taken[line] == all(line in one for one in largest)
        taken = [got.line[m] for m in members if got.line[m] >= 0]
        assert len(taken) == len(set(taken)) == most
        assert len({got.component[m] for m in members}) == 1


@settings(deadline=None)
@given(instances(), st.randoms(use_true_random=False))
def test_a_line_that_gets_its_name_takes_no_certainty_of_absence_away(
    instance: tuple[Edges, list[bool], int], rng: object
) -> None:
    edges, must, lines = instance
    before = solve(edges, must, lines)
    owners = [row for row in range(len(edges)) if before.line[row] >= 0]
    if not owners or before.contradicted.any():
        return
    owner = rng.choice(owners)  # type: ignore[attr-defined]
    line = before.line[owner]
    named = [[line] if row == owner else [t for t in e if t != line] for row, e in enumerate(edges)]
    after = solve(named, [m or row == owner for row, m in enumerate(must)], lines)
    assert not np.any(after.possible & ~before.possible & ~after.contradicted)


def test_no_pair_at_all() -> None:
    got = solve([[], []], [False, True], 3)
    assert got.possible.tolist() == got.certain.tolist() == [False, False]
    assert got.contradicted.tolist() == [False, True]
    assert got.line.tolist() == [-1, -1]
