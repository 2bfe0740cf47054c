"""Certain answers about requests and lines: what holds in every assignment of one to the other.

A request (a row) leaves at most one line (a column) in a log, and a line belongs to at most one
request. Which line may be whose is known; who owns which is not. An *assignment* gives every
request that must have a line one of its own. A statement is certain if it holds in every
assignment (certain answers over possible worlds: Imieliński and Lipski 1984).

Proof sketch. Assignments that cover all *must* rows are matchings of a bipartite graph.

- A *may* row can be covered beside all must rows iff from one of its lines an alternating path
  through must rows ends at a line that is free in a matching of the must rows (Berge 1957). Where
  there is none, the row has certainly no line. This rests on nothing but the graph.
- Where every line belongs to one of the rows, the true assignment is a largest one. A row is in
  every largest matching iff no alternating path leads to it from a row that one of them leaves out
  (Dulmage and Mendelsohn 1958). A largest matching that covers the must rows exists, because one
  that covers them at all exists (Mendelsohn and Dulmage 1958).
- A line is used by every largest matching iff no alternating path leads from its row to a free one.
- A matched pair is in every largest matching iff no alternating path leads from the row to a free
  line, none back to the row (a strongly connected component of its own), and none through it from a
  row that is left out to one that may be left out instead.
- Rows that no largest matching covers: the deficiency (Hall 1935, Kőnig 1931), a bound that holds
  even where nobody can tell which rows they are.

Matchings are Hopcroft and Karp's, by `scipy.sparse.csgraph`; all paths are searched breadth first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_array

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Assignment:
    """What is certain of each row, and of the connected component that it stands in."""

    possible: Flags  # an assignment gives the row a line
    certain: Flags  # every largest assignment gives it a line
    line: Numbers  # a line of the row in one largest assignment; -1 without
    named: Flags  # `line` is the row's in every largest assignment
    taken: Flags  # of each line: every largest assignment gives it to a row
    contradicted: Flags  # no assignment covers all must rows of its component
    component: Numbers  # number of the component of each row; equal for rows that compete
    line_component: Numbers  # the same of each line


def assign(rows: int, lines: int, pairs: tuple[Numbers, Numbers], must: Flags) -> Assignment:
    """Decide what holds of every row in all assignments.

    Args:
        rows: How many requests there are.
        lines: How many lines.
        pairs: The row and the line of each pair that may belong together; no pair twice.
        must: Of each row: it has a line, whichever it is.
    """
    row_of, line_of = pairs
    ones = np.ones(len(row_of), dtype=np.int8)
    graph = csr_array((ones, (row_of, line_of)), shape=(rows, lines))
    both = csr_array((ones, (row_of, line_of + rows)), shape=(rows + lines, rows + lines))
    _, labels = csgraph.connected_components(both, directed=False)
    labels = labels.astype(np.int64)

    first = _match(graph, np.flatnonzero(must))
    lacking = must & (first < 0)
    broken = np.zeros(rows + lines, dtype=bool)
    broken[labels[:rows][lacking]] = True
    largest = _join(first, _match(graph, np.arange(rows)), must & ~lacking, lines)

    # Lines that an assignment of the must rows can leave free.
    reach = _Reach(row_of, line_of, rows, lines)
    is_must = must[row_of]
    spare = reach.lines_from(_free(first, lines), first, is_must)
    possible = first >= 0
    possible[row_of[spare[line_of]]] = True

    left_out = reach.rows_from((largest < 0) & (np.diff(graph.indptr) > 0), largest)
    certain = (largest >= 0) & (must | ~left_out)
    moved = reach.rows_beside(_free(largest, lines), largest)
    yielding = np.zeros(lines, dtype=bool)
    yielding[largest[left_out & ~must & (largest >= 0)]] = True
    taken = np.zeros(lines, dtype=bool)
    taken[largest[(largest >= 0) & ~moved & ~broken[labels[:rows]]]] = True
    pushed = left_out & reach.rows_beside(yielding, largest)
    cyclic = reach.cycles(largest)
    return Assignment(
        possible=possible,
        certain=certain,
        line=largest,
        named=certain & ~moved & ~pushed & ~cyclic,
        taken=taken,
        contradicted=broken[labels[:rows]],
        component=labels[:rows],
        line_component=labels[rows:],
    )


def _match(graph: csr_array, chosen: Numbers) -> Numbers:
    """A largest matching of the chosen rows: of each row its line, or -1."""
    line = np.full(graph.shape[0], -1, dtype=np.int64)
    if len(chosen) and graph.nnz:
        part = graph if len(chosen) == graph.shape[0] else graph[chosen]
        line[chosen] = csgraph.maximum_bipartite_matching(part, perm_type="column")
    return line


def _join(first: Numbers, largest: Numbers, must: Flags, lines: int) -> Numbers:
    """A matching as large as `largest` that covers the must rows, as `first` does.

    Where `largest` leaves out a must row, the two differ along a path that begins there; the pairs
    of `first` along it cover as many rows (Mendelsohn and Dulmage 1958).
    """
    if not np.any(must & (largest < 0)):
        return largest
    rows = len(first)
    here, there = np.flatnonzero(first >= 0), np.flatnonzero(largest >= 0)
    row_of = np.concatenate([here, there])
    line_of = np.concatenate([first[here], largest[there]])
    ones = np.ones(len(row_of), dtype=np.int8)
    size = rows + lines
    union = csr_array((ones, (row_of, line_of + rows)), shape=(size, size))
    _, labels = csgraph.connected_components(union, directed=False)
    swapped = np.zeros(size, dtype=bool)
    swapped[labels[:rows][must & (largest < 0)]] = True
    return np.where(swapped[labels[:rows]], first, largest)


def _free(matching: Numbers, lines: int) -> Flags:
    """Which lines a matching leaves free."""
    free = np.ones(lines, dtype=bool)
    free[matching[matching >= 0]] = False
    return free


class _Reach:
    """Alternating paths in one graph: nodes are its rows, its lines, and one more to start from."""

    def __init__(self, row_of: Numbers, line_of: Numbers, rows: int, lines: int) -> None:
        self.row_of, self.line_of, self.rows, self.lines = row_of, line_of, rows, lines

    def lines_from(self, free: Flags, matching: Numbers, usable: Flags) -> Flags:
        """Lines that are free, or become so when rows (over usable pairs) move to such a line."""
        steps = (self.line_of[usable] + self.rows, self.row_of[usable])
        found = self._search(np.flatnonzero(free) + self.rows, steps, self._moves(matching))
        return free | found[self.rows :]

    def rows_beside(self, free: Flags, matching: Numbers) -> Flags:
        """Rows that could move to one of these lines, at once or after others have moved."""
        steps = (self.line_of + self.rows, self.row_of)
        return self._search(np.flatnonzero(free) + self.rows, steps, self._moves(matching))[
            : self.rows
        ]

    def rows_from(self, out: Flags, matching: Numbers) -> Flags:
        """Rows that would be left out if one of those that are out took their place."""
        row, line = self._moves(matching)
        steps = (self.row_of, self.line_of + self.rows)
        return self._search(np.flatnonzero(out), steps, (line, row))[: self.rows]

    def cycles(self, matching: Numbers) -> Flags:
        """Rows that can exchange lines among each other."""
        row, line = self._moves(matching)
        free = matching[self.row_of] != self.line_of
        graph = self._graph(
            np.concatenate([self.row_of[free], line]),
            np.concatenate([self.line_of[free] + self.rows, row]),
        )
        _, labels = csgraph.connected_components(graph, directed=True, connection="strong")
        crowded = np.bincount(labels) > 1
        flags: Flags = crowded[labels[: self.rows]]
        return flags

    def _moves(self, matching: Numbers) -> tuple[Numbers, Numbers]:
        row = np.flatnonzero(matching >= 0)
        return row, matching[row] + self.rows

    def _search(
        self, starts: Numbers, steps: tuple[Numbers, Numbers], moves: tuple[Numbers, Numbers]
    ) -> Flags:
        size = self.rows + self.lines
        found = np.zeros(size, dtype=bool)
        if len(starts):
            source = np.full(len(starts), size)
            graph = self._graph(
                np.concatenate([source, steps[0], moves[0]]),
                np.concatenate([starts, steps[1], moves[1]]),
            )
            order = csgraph.breadth_first_order(graph, size, return_predecessors=False)
            found[order[1:]] = True
        return found

    def _graph(self, tails: Numbers, heads: Numbers) -> csr_array:
        size = self.rows + self.lines + 1
        return csr_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(size, size))
