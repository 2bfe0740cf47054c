"""CSV text → records: a record may span lines inside quotes, and is proven field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .splitting import (
    BLOCK,
    NEWLINE,
    QUOTE,
    RECORD_LIMIT,
    RETURN,
    ROWS,
    SLOW_STRETCH,
    End,
    Ints,
    LineSplitter,
    Piece,
    Region,
    Rows,
    Split,
    blank_rows,
)

if TYPE_CHECKING:
    from .unpacking import Bytes

_NEWLINE = re.compile(rb"\n")
_BLANK = re.compile(rb"\r?\n")
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')


@dataclass
class _Reading:
    """One record as the slow path reads it: its end and separators, or what is wrong with it."""

    end: int = 0
    separators: tuple[int, ...] = ()
    reason: str = ""
    more: bool = False  # undecided: the text offered is too short
    at_end: bool = False  # the text ended before the record did


class DelimitedSplitter(LineSplitter):
    """CSV and its relatives (RFC 4180), each record proven to have the right number of fields.

    A field is either quoted as a whole (quotes inside doubled) or holds no quote; with tabs, which
    are usually pasted from a table, quotes inside an unquoted field are ordinary characters. A
    record that breaks these rules loses its first line to the rejects and reading goes on with the
    next line, so that a quote left open does not swallow the good records after it.
    """

    def __init__(self, split: Split, *, skip_lines: int) -> None:
        super().__init__()
        self._delimiter = ord(split.delimiter)
        self._columns = split.columns
        self._skip = skip_lines
        self._literal = split.delimiter == "\t"
        stop = re.escape(split.delimiter.encode())
        self._plain = re.compile(rb"[^\n%b]*+" % (stop if self._literal else stop + b'"'))

    def split(self, view: Bytes, end: End) -> Piece:
        """See `Splitter`."""
        if self._held:
            return self._pass_over(view, end)
        if self._skip:
            return self._pass_header(view, end)
        piece, rows, separators, at = Piece(), Rows(), [np.empty(0, np.int64)], 0
        while at < len(view) and rows.count < ROWS:
            before = at
            at = self._accept(view, at, piece, rows, separators)
            if at == before:
                at = self._read_slowly(view, at, end, (piece, rows, separators))
            if at == before:
                break
        piece.taken = at
        rows.fill(piece)
        piece.separators = np.concatenate(separators)
        if not at and len(view) > RECORD_LIMIT and end in {End.MORE, End.WHOLE}:
            # Only a line without an end in sight makes the slow path ask for so much.
            return self._pass_over(view, end)
        return piece

    def _pass_header(self, view: Bytes, end: End) -> Piece:
        """Take all lines of the header, or none: reading may go on behind it another day."""
        header = re.compile(rb"(?:[^\n]*\n){%d}" % self._skip).match(view.data, 0, RECORD_LIMIT)
        if header:
            lines, self._skip = self._skip, 0
            return Piece(header.end(), lines, ignored=lines)
        if len(view) >= RECORD_LIMIT:
            self._skip = 0  # there is none
            return self.split(view, end)
        if end is not End.WHOLE:
            return Piece()
        breaks = view.tobytes().count(b"\n")
        return Piece(len(view), breaks, ignored=breaks + int(view[-1] != NEWLINE))

    def _accept(
        self, view: Bytes, at: int, piece: Piece, rows: Rows, separators: list[Ints]
    ) -> int:
        """The fast path: take the records of one block up to the first doubtful one."""
        block = view[at : at + BLOCK]
        marks = np.flatnonzero((block == NEWLINE) | (block == self._delimiter) | (block == QUOTE))
        kinds = block[marks]
        breaks = kinds == NEWLINE
        outside = breaks | (kinds == self._delimiter)
        limit = len(block)
        if not outside.all():
            quotes = ~outside
            first = self._first_fault(block, marks[quotes])
            if first >= 0:
                limit = first
                # Wraps around at 256, an even number.
                outside &= (np.cumsum(quotes, dtype=np.uint8) & 1) == 0
        numbers = np.cumsum(breaks)[outside]
        marks, breaks = marks[outside], breaks[outside]
        ends = np.flatnonzero(breaks)
        ends = ends[: np.searchsorted(marks[ends], limit)]
        starts = np.empty(len(ends) + 1, np.int64)
        starts[0] = 0
        starts[1:] = marks[ends] + 1
        fields = np.diff(ends, prepend=-1)
        blank = blank_rows(block, starts)
        wrong = (fields != self._columns) & ~blank
        count = int(np.argmax(wrong)) if wrong.any() else len(ends)
        if not count:
            return at
        lines = np.zeros(count, np.int64)
        lines[1:] = numbers[ends[: count - 1]]
        rows.extend(starts[:count] + at, lines + piece.breaks, ~blank[:count])
        kept = marks[: ends[count - 1]]
        separators.append(kept[~breaks[: len(kept)]] + at)
        piece.ignored += int(blank[:count].sum())
        piece.breaks += int(numbers[ends[count - 1]])
        return at + int(starts[count])

    def _first_fault(self, block: Bytes, quotes: Ints) -> int:
        """The first quote that neither begins nor ends a field, nor is doubled; else the length.

        -1 when all quotes are ordinary characters.
        """
        opening, closing = quotes[0::2], quotes[1::2]
        before = block[opening - 1]
        if opening[0] == 0:
            before[0] = NEWLINE
        begins = (before == self._delimiter) | (before == NEWLINE)
        if self._literal and not begins.any():
            starts = block[closing - 1]
            if not ((starts == self._delimiter) | (starts == NEWLINE)).any():
                return -1
        faults = opening[~(begins | (before == QUOTE))]
        # What follows the last bytes is not known; no record ends behind it in this block either.
        closing = closing[closing < len(block) - 2]
        after = block[closing + 1]
        good = (after == self._delimiter) | (after == NEWLINE) | (after == QUOTE)
        good |= (after == RETURN) & (block[closing + 2] == NEWLINE)
        bad = closing[~good]
        return int(min([len(block), *faults[:1], *bad[:1]]))

    def _read_slowly(
        self, view: Bytes, at: int, end: End, into: tuple[Piece, Rows, list[Ints]]
    ) -> int:
        """The slow path: record by record, for a stretch."""
        piece, rows, separators = into
        text = view.data
        found: list[int] = []
        stop = at + SLOW_STRETCH
        while at < min(stop, len(text)):
            blank = _BLANK.match(text, at)
            read = _Reading(blank.end()) if blank else self._read(text, at, end)
            if read.more or (read.reason and self._unfinished(text, at, read, end)):
                break
            if read.reason:
                line_end = _NEWLINE.search(text, at)
                if not line_end:
                    break
                read.end = line_end.end()
                reason = "too_long" if read.end - at > RECORD_LIMIT else read.reason
                piece.regions.append(Region(at, read.end, piece.breaks, 1, reason))
            piece.ignored += blank is not None
            rows.add(at, piece.breaks, valid=not (blank or read.reason))
            found.extend(read.separators)
            piece.breaks += bytes(text[at : read.end]).count(b"\n")
            at = read.end
        separators.append(np.array(found, np.int64))
        return at

    def _read(self, text: memoryview, at: int, end: End) -> _Reading:
        """Read one record, exactly as the grammar says."""
        window = at + RECORD_LIMIT
        limit = min(len(text), window)
        separators: list[int] = []
        here = at
        while True:
            quoted = here < limit and text[here] == QUOTE
            match = (_QUOTED if quoted else self._plain).match(text, here, limit)
            if not match:
                if limit < window and not end.final:
                    return _Reading(more=True)
                return _Reading(reason="unclosed_quote", at_end=limit < window)
            here = match.end()
            if here < limit and text[here] == RETURN:  # after a closing quote
                here += here + 1 == limit or text[here + 1] == NEWLINE
            if here >= limit:
                return self._read_end(here, separators, end, within=limit < window)
            if text[here] == NEWLINE:
                good = len(separators) == self._columns - 1
                reason = "" if good else "field_count"
                return _Reading(here + 1, tuple(separators) if good else (), reason)
            if text[here] != self._delimiter:
                return _Reading(reason="stray_quote")
            separators.append(here)
            here += 1
            if len(separators) == self._columns:
                return _Reading(reason="field_count")

    def _read_end(self, here: int, separators: list[int], end: End, *, within: bool) -> _Reading:
        """The record reaches the end of the text, or of what may be looked at."""
        if not within:
            return _Reading(reason="too_long")
        if not end.final:
            return _Reading(more=True)
        if len(separators) != self._columns - 1 or end is End.CUT:
            return _Reading(reason="field_count", at_end=True)
        return _Reading(here, tuple(separators))

    def _unfinished(self, text: memoryview, at: int, read: _Reading, end: End) -> bool:
        """Whether a faulty record is the text's last one, broken off, rather than a bad one.

        A quote open to the end is either: it is the end that is missing if no record can be read
        behind it.
        """
        if not read.at_end or text[-1] == NEWLINE:
            return False
        while line_end := _NEWLINE.search(text, at):
            at = line_end.end()
            if not _BLANK.match(text, at) and not self._read(text, at, end).reason:
                return False
        return True
