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
    ROWS,
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
    from collections.abc import Sequence

    from .unpacking import Bytes

_NEWLINE = re.compile(rb"\n")
_BLANK = re.compile(rb"\r?\n")
# A line end behind a quoted field may be CR LF.
_QUOTED = rb'"(?:[^"]++|"")*+"(?:\r(?=\n|\Z))?'
_MORE = "undecided: the text offered is too short"


@dataclass
class _Record:
    """One record as the slow path reads it: its end and separators, or what is wrong with it."""

    end: int = 0
    separators: Sequence[int] = ()
    reason: str = ""
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
        stop = re.escape(split.delimiter.encode())
        plain = rb'(?!")[^\n%b]*+' if split.delimiter == "\t" else rb'(?!")[^\n"%b]*+'
        self._field = re.compile(_QUOTED + b"|" + plain % stop)

    def split(self, view: Bytes, end: End) -> Piece:
        """See `Splitter`."""
        if self._held:
            return self._pass_over(view, end)
        if self._skip:
            return self._pass_header(view, end)
        piece, rows, separators, at = Piece(), Rows(), [np.empty(0, np.int64)], 0
        while at < len(view) and len(rows) < ROWS:
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
        """The fast path: take the records of one block up to the first with a quote, or a fault."""
        block = view[at : at + BLOCK]
        quotes = np.flatnonzero(block == QUOTE)
        block = block[: quotes[0]] if len(quotes) else block
        marks = np.flatnonzero((block == NEWLINE) | (block == self._delimiter))
        breaks = block[marks] == NEWLINE
        ends = np.flatnonzero(breaks)
        starts = np.append(0, marks[ends] + 1)
        blank = blank_rows(block, starts)
        wrong = (np.diff(ends, prepend=-1) != self._columns) & ~blank
        count = int(np.argmax(wrong)) if wrong.any() else len(ends)
        if not count:
            return at
        rows.extend(starts[:count] + at, np.arange(count) + piece.breaks, ~blank[:count])
        taken = marks[: ends[count - 1]]
        separators.append(taken[~breaks[: len(taken)]] + at)
        piece.ignored += int(blank[:count].sum())
        piece.breaks += count
        return at + int(starts[count])

    def _read_slowly(
        self, view: Bytes, at: int, end: End, into: tuple[Piece, Rows, list[Ints]]
    ) -> int:
        """The slow path: record by record, for a stretch."""
        piece, rows, separators = into
        text = view.data
        found: list[int] = []
        stop = at + BLOCK
        while at < min(stop, len(text)):
            blank = _BLANK.match(text, at)
            read = _Record(blank.end()) if blank else self._read(text, at, end)
            if read.reason == _MORE or (read.reason and self._unfinished(text, at, read, end)):
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

    def _read(self, text: memoryview, at: int, end: End) -> _Record:
        """Read one record, exactly as the grammar says."""
        limit = min(len(text), at + RECORD_LIMIT)
        within = limit < at + RECORD_LIMIT  # the end of the text is in sight
        separators: list[int] = []
        while field := self._field.match(text, at, limit):
            at = field.end()
            if at == limit or text[at] != self._delimiter or len(separators) == self._columns - 1:
                break
            separators.append(at)
            at += 1
        if within and not end.final and (at == limit or not field):
            return _Record(reason=_MORE)
        if not field:
            return _Record(reason="unclosed_quote", at_end=within)
        if at == limit and not within:
            return _Record(reason="too_long")
        if at < limit and text[at] not in {NEWLINE, self._delimiter}:
            return _Record(reason="stray_quote")
        whole = end is not End.CUT if at == limit else text[at] == NEWLINE
        if len(separators) != self._columns - 1 or not whole:
            return _Record(reason="field_count", at_end=at == limit)
        return _Record(at + (at < limit), separators)

    def _unfinished(self, text: memoryview, at: int, read: _Record, end: End) -> bool:
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
