"""Text → records: where each begins and ends, decided by bytes alone.

A splitter is offered the text from where it stopped, and takes whole records off its front. What
it decides depends on the text only, never on how much of it was offered at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from .packings import Bytes

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Section = tuple[int, tuple[str, ...]]

# A longer record is rejected. Also how far ahead a splitter may look for the end of one.
RECORD_LIMIT = 1 << 20
# One step of the fast paths; small enough for the processor's cache.
BLOCK = 1 << 20
# Lines after which the rest of a line that was cut is no longer waited for.
_PATIENCE = 1000
# Rows in one batch, so that a file of empty lines needs no more memory than another.
ROWS = 1 << 18

NEWLINE, RETURN = 10, 13
_NEWLINE = re.compile(rb"\n")


@dataclass(frozen=True)
class Fragments:
    r"""Patterns for the fragments of a line that a container runtime split."""

    # Pattern of any line; its groups are `head`, `stream`, `body` and `foot`. A line is the head of
    # its first fragment, the bodies of all, and the foot of the last.
    line: str
    open: str  # pattern of the beginning of a line whose rest follows in a later one
    absent: tuple[str, ...] = ()  # texts of which a block with fragments holds at least one
    always: str = ""  # a text that each line which is no fragment has once

    @cached_property
    def patterns(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        """`line` and `open`, compiled."""
        return re.compile(self.line.encode()), re.compile(self.open.encode(), re.MULTILINE)

    def are_in(self, text: bytes, lines: int) -> bool:
        """Whether some line of a text may be a fragment: one quick search of the whole text."""
        if self.always and text.count(self.always.encode()) == lines:
            return False
        return not self.absent or any(word.encode() in text for word in self.absent)


@dataclass(frozen=True)
class Split:
    """How the text of a file becomes records."""

    # `lines`: one record per line. `json`: elements of an array, of the list inside an envelope, or
    # one per line. Rows become objects: `rows` are those of a table, `headed` ones those of a W3C
    # log.
    kind: Literal["lines", "json", "rows", "headed"]
    delimiter: str = ","  # separator of a table's cells
    # For rows: from which byte on a header holds, and the names in it.
    sections: tuple[Section, ...] = ()
    skip_lines: int = 0  # lines up to and including a table's header; they are counted as ignored
    fragments: Fragments | None = None  # for lines that may have been cut in pieces: how those look

    @property
    def names(self) -> tuple[str, ...]:
        """What the first header names."""
        return self.sections[0][1] if self.sections else ()


class End(Enum):
    """What follows the text that was offered."""

    MORE = "more text"
    GROWING = "nothing yet: an unfinished record may be finished later"
    CUT = "nothing, and the text broke off: an unfinished record is none"
    WHOLE = "nothing: the last record needs no line end"

    @property
    def final(self) -> bool:
        """Nothing that follows can complete a record."""
        return self in {End.CUT, End.WHOLE}


@dataclass
class Region:
    """Bytes that are no record. `line` counts from 0 at the offered text, `breaks` its newlines."""

    start: int
    end: int
    line: int
    breaks: int
    reason: str
    open: bool = False  # its last line has no end


@dataclass
class Batch:
    """What a splitter took off the front of the text. Positions count from there.

    Row i spans `starts[i]:starts[i + 1]`; the rows are adjacent. Rows that are not `valid` are no
    records: rejected, blank, or what stands between records.
    """

    taken: int = 0
    breaks: int = 0
    starts: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    lines: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    valid: Bools | None = None
    regions: list[Region] = field(default_factory=list)
    ignored: int = 0
    held: bool = False  # taken, but part of a record whose end is not in sight
    texts: list[bytes] | None = None  # what the rows say, where that is not what stands there
    # Rows whose texts are one record (of the others only the first is valid), and that record.
    joined: list[tuple[tuple[int, ...], bytes]] = field(default_factory=list)

    def keep_rows(self, count: int) -> None:
        """Give back all but the first rows; the account of a batch that is cut so is not kept."""
        if count < len(self.lines):
            self.breaks = int(self.lines[count])
        self.taken = int(self.starts[count]) if count else 0
        self.starts, self.lines = self.starts[: count + 1], self.lines[:count]
        self.valid = None if self.valid is None else self.valid[:count]
        self.regions = [region for region in self.regions if region.start < self.taken]
        self.joined = [(rows, text) for rows, text in self.joined if rows[-1] < count]
        self.texts = self.texts and self.texts[:count]

    def ignore(self, rows: Bools) -> None:
        """Pass over rows that are no records by rule."""
        valid = np.ones(len(rows), np.bool_) if self.valid is None else self.valid
        self.ignored += int((valid & rows).sum())
        self.valid = valid & ~rows

    def reject(self, rows: Iterable[int], reason: str) -> None:
        """Turn records into rejected ones."""
        for row in rows:
            if self.valid is None:
                self.valid = np.ones(len(self.lines), np.bool_)
            if self.valid[row]:
                self.valid[row] = False
                line, start, end = int(self.lines[row]), self.starts[row], self.starts[row + 1]
                after = int(self.lines[row + 1]) if row + 1 < len(self.lines) else self.breaks
                self.regions.append(Region(int(start), int(end), line, after - line, reason))
        self.regions.sort(key=lambda region: region.start)


class Splitter(Protocol):
    """Takes records off the front of a text."""

    @property
    def truncated(self) -> bool:
        """The text ended before its own end mark."""

    def split(self, view: Bytes, end: End, /) -> Batch:
        """Take what is certain; a batch with nothing taken asks for more text."""


class LineSplitter:
    """One record per line; the line end (LF or CR LF) belongs to the record."""

    truncated = False

    def __init__(self) -> None:
        self._held = False

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        if self._held:
            return self._pass_over(view, end)
        ends = line_ends(view)
        if not len(ends):
            return self._last(view, end)
        count = len(ends)
        starts = np.empty(count + 1, np.int64)
        starts[0] = 0
        starts[1:] = ends
        batch = Batch(int(ends[-1]), count, starts, np.arange(count, dtype=np.int64))
        sizes = np.diff(starts)
        if sizes.max() > RECORD_LIMIT:
            batch.reject(np.flatnonzero(sizes > RECORD_LIMIT).tolist(), "too_long")
        return batch

    def _last(self, view: Bytes, end: End) -> Batch:
        """A line without an end."""
        if len(view) > RECORD_LIMIT and end in {End.MORE, End.WHOLE}:
            return self._pass_over(view, end)
        if end is not End.WHOLE or not len(view):
            return Batch()
        return Batch(len(view), 0, np.array([0, len(view)]), np.zeros(1, np.int64))

    def _pass_over(self, view: Bytes, end: End) -> Batch:
        """Take as much of an over-long line as there is."""
        found = _NEWLINE.search(view.data) if len(view) else None
        taken = found.end() if found else len(view)
        self._held = not found and end is not End.WHOLE
        region = Region(0, taken, 0, int(found is not None), "too_long")
        return Batch(taken, region.breaks, regions=[region], held=self._held)


class FragmentSplitter(LineSplitter):
    """One record per line, where a container runtime may have split a line into fragments.

    Docker and Kubernetes cut a line after 16 KB and log the pieces as lines of their own; lines of
    the other output stream may stand between them. The pieces become one record, at the place of
    the first. Every physical line keeps its row, so that the rows still tile the text.
    """

    def __init__(self, fragments: Fragments) -> None:
        super().__init__()
        self._fragments = fragments

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        batch = super().split(view, end)
        if batch.held or not len(batch.lines):
            return batch
        text = view[: batch.taken].tobytes()
        if self._fragments.are_in(text, len(batch.lines)):
            waiting = self._join(text, batch)
            if waiting is not None and end is not End.WHOLE:
                batch.keep_rows(waiting)
        return batch

    def _join(self, text: bytes, batch: Batch) -> int | None:
        """Fill `batch.joined`; returns the first row of a line whose end is not there, if any."""
        line, opening = self._fragments.patterns
        starts = batch.starts
        found = [match.start() for match in opening.finditer(text)]
        rows = (np.searchsorted(starts, found, side="right") - 1).tolist()
        open_rows = set(rows)
        # The rows of a line so far, and its pieces, by output stream.
        groups: dict[bytes, tuple[list[int], list[re.Match[bytes]]]] = {}
        after = -1
        for first in rows:
            row = first
            while row > after and row < len(starts) - 1 and (groups or row == first):
                after = row
                part = line.fullmatch(text, starts[row], starts[row + 1])
                if part and starts[row + 1] - starts[row] <= RECORD_LIMIT:
                    stream = part["stream"]
                    if row in open_rows or stream in groups:
                        numbers, parts = groups.setdefault(stream, ([], []))
                        numbers.append(row)
                        parts.append(part)
                        if row not in open_rows:
                            _close(*groups.pop(stream), batch)
                for stream, (numbers, _) in list(groups.items()):
                    too_far = starts[row + 1] - starts[numbers[0]] > RECORD_LIMIT
                    if too_far or row - numbers[0] > _PATIENCE:
                        _close(*groups.pop(stream), batch)
                row += 1
        for group in groups.values():
            _close(*group, batch)
        return min((numbers[0] for numbers, _ in groups.values()), default=None)


def _close(rows: list[int], parts: list[re.Match[bytes]], batch: Batch) -> None:
    """Make one record of the pieces of a line."""
    text = b"".join([parts[0]["head"], *(part["body"] for part in parts), parts[-1]["foot"]])
    if len(rows) > 1 and b"\0" not in text:
        batch.joined.append((tuple(rows), text))
        if batch.valid is None:
            batch.valid = np.ones(len(batch.lines), np.bool_)
        batch.valid[rows[1:]] = False


def line_ends(view: Bytes) -> Ints:
    """Where lines end (one past the newline), for at most about `ROWS` lines."""
    found: list[Ints] = []
    count = 0
    for at in range(0, len(view), BLOCK):
        ends = np.flatnonzero(view[at : at + BLOCK] == NEWLINE)
        ends += at + 1
        found.append(ends)
        count += len(ends)
        if count >= ROWS:
            break
    return np.concatenate(found)[: 2 * ROWS] if found else np.empty(0, np.int64)


def blank_rows(view: Bytes, starts: Ints) -> Bools:
    """Which rows are a line end and nothing else."""
    size = np.diff(starts)
    blank: Bools = (size == 1) & (view[starts[1:] - 1] == NEWLINE)
    short = np.flatnonzero(size == 2)
    pair = starts[short]
    blank[short] = (view[pair] == RETURN) & (view[pair + 1] == NEWLINE)
    return blank
