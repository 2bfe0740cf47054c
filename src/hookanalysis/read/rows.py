"""Rows → records: what a header names becomes a JSON object at once, in the place of its row.

Two kinds of text have a header: tables (CSV and its relatives, RFC 4180), whose rows Python's csv
module reads, and W3C logs, whose lines `#Fields: …` may stand anywhere and name what follows them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from json.encoder import encode_basestring

import numpy as np

from .packings import Bytes
from .splitting import RECORD_LIMIT, ROWS, Batch, End, LineSplitter, Region, Split, line_ends

MARK = b"#Fields:"
DELIMITERS = (",", "\t", ";")
_HEADER_LINES = 30
# How the name of a column looks, and how many rows must have as many cells as there are names.
_NAME = re.compile(r"@?[^\W\d][\w .()[\]/#-]{0,60}")
_ROWS = 20
# So databases write NULL.
_NULLS = frozenset(("\\N", "NULL"))
# Cells between spaces or tabs; quoted ones may hold spaces, and quotes as two.
_CELLS = re.compile(r'"(?:[^"]|"")*"|[^ \t"][^ \t]*')
# The csv module's words for a quote without an end, as far as it was given lines.
_OPEN = "unexpected end of data"
# Lines behind a row that has no end, among which another row shows that it is a bad one.
_AHEAD = 1000
# Characters may have four bytes.
_SEARCH_LIMIT = 4 * RECORD_LIMIT

# Cells are as long as records may be; the module's own limit of 128 KiB is for all of a program.
csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT))


def find_header(head: bytes, knows: Callable[[str], bool], *, most: bool = True) -> Split | None:
    """The header of a table: of known names, with rows as wide; else a line that looks like one.

    `most`: most of the names must be known: prose has commas too.
    """
    lines = head.decode("utf-8", "replace").split("\n")
    best, found = 1, None
    for number in range(1, min(len(lines), _HEADER_LINES) + 1):
        for delimiter in DELIMITERS:
            cells = _take_rows(lines[number - 1 : number], delimiter)
            names = tuple(cell.strip() for row in cells for cell in row)
            known = len({normalise(name) for name in names if knows(name)})
            if known > best and not (most and 2 * known < sum(map(bool, names))):
                best, found = known, Split("rows", delimiter, ((0, names),), number)
        # A title, or a setting above the table, has no rows as wide; another header may follow.
        if found:
            below = [line for line in lines[number : number + _ROWS] if line.strip()]
            if len(next(iter(_take_rows(below, found.delimiter)), [])) == len(found.names):
                break
    return found or find_table(head)


def find_table(head: bytes) -> Split | None:
    """The header of what looks like a table: names first, and rows as wide.

    A few lines that are no row of it may stand before it: a title, the day of the export.
    """
    lines = head[: head.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines(keepends=True)
    for delimiter in DELIMITERS:
        rows = _take_rows(lines, delimiter)
        for at, header in enumerate(rows[: (len(rows) + 1) // 2]):
            names = tuple(cell.strip() for cell in header)
            named = len(names) > 1 and all(map(_NAME.fullmatch, names))
            below = [row for row in rows[at + 1 :] if row]
            if named and rows[at + 1 :] and all(len(row) == len(names) for row in below):
                return Split("rows", delimiter, ((0, names),), at + 1)
    return None


def _take_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The first rows of lines read as a table; none where they cannot be."""
    try:
        rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        return list(islice(rows, _ROWS))
    except csv.Error:
        return []


def find_headers(head: bytes) -> list[tuple[int, str]]:
    """The header lines of a W3C log in a text, and the bytes at which they begin."""
    return [
        (found.start(), found[0].decode("utf-8", "replace"))
        for found in re.finditer(rb"^" + MARK + rb"[^\r\n]*", head, re.MULTILINE)
    ]


def read_headers(headers: Sequence[tuple[int, str]]) -> Split | None:
    """How a W3C log with these header lines is split; what stands before the first is of it."""
    sections = [(offset, _named(line)) for offset, line in headers]
    return Split("headed", sections=((0, sections[0][1]), *sections[1:])) if sections else None


def _named(line: str) -> tuple[str, ...]:
    return tuple(re.split("[ \t]+", line.removeprefix(MARK.decode()).strip()))


def name_columns(names: Sequence[str]) -> dict[str, int]:
    """The keys of a table's objects, and the places of their columns; of two alike the first."""
    places: dict[str, tuple[str, int]] = {}
    for place, name in enumerate(names):
        if normalise(name):
            # A slash in a name would lead into an object, a quote end its path.
            key = name.replace("/", " ").replace('"', "")
            places.setdefault(normalise(name), (key, place))
    return dict(places.values())


@cache
def normalise(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return re.sub(r"[\W_]", "", name).lower()


_Row = tuple[int, int, list[str], str | None]


@dataclass
class _Offer:
    """The lines of an offered text, where each begins, and what may follow them."""

    size: int
    starts: list[int]
    lines: list[str]
    full: bool  # there are more lines, which are left for the next time
    end: End

    @property
    def final(self) -> bool:
        """Whether no further text can complete the last row."""
        return self.end.final and not self.full

    def ends(self, line: int) -> bool:
        """Whether a line has an end."""
        return self.lines[line].endswith("\n")


def _take_lines(view: Bytes) -> list[str]:
    """Lines with their ends; they end with LF alone, whatever else a text may take for one."""
    return io.StringIO(str(view.data, "utf-8", "backslashreplace"), newline="\n").readlines()


class RowSplitter(LineSplitter):
    """The rows of a table, each proven to have the right number of cells.

    A row that cannot be read loses its first line to the rejects and reading goes on with the next
    line, so that a quote left open does not swallow the good rows behind it.
    """

    def __init__(self, split: Split, *, lines_before: int) -> None:
        super().__init__()
        self._names = list(split.names)
        self._skip = max(0, split.skip_lines - lines_before)
        self._delimiter = split.delimiter
        self._odd = (f" {split.delimiter}", f"{split.delimiter} ", *_NULLS)
        # Between tabs, which are usually pasted, quotes inside a cell are ordinary characters.
        stop = re.escape(split.delimiter)
        plain = rf"[^\n{stop}]" if split.delimiter == "\t" else rf'[^\n"{stop}]'
        quoted = r' *+"(?:[^"]|"")*+'
        cell = rf'(?:{quoted}"|(?! *+"){plain}*+)'
        # Then any line may open one, too, so that its end is not sought far.
        self._span = _AHEAD if split.delimiter == "\t" else ROWS
        self._begins = re.compile(rf"(?:{cell}{stop})*+(?:{cell}\r?\n?|{quoted})\Z").match
        self._is_row = re.compile(rf"(?:{cell}{stop})*+{cell}\r?\n?").fullmatch
        columns = name_columns(self._names)
        self._places = list(columns.values())
        keys = (encode_basestring(key).replace("%", "%%") for key in columns)
        self._object = f"{{{','.join(f'{key}:%s' for key in keys)}}}"
        self._plain_object = self._object.replace(":%s", ':"%s"')

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        if self._held:
            return self._pass_over(view, end)
        ends = line_ends(view)
        full = len(ends) >= ROWS and int(ends[ROWS - 1]) < len(view)
        ends = ends[:ROWS]
        if end is End.WHOLE and not full and len(view) and list(ends[-1:]) != [len(view)]:
            ends = np.append(ends, len(view))
        if not len(ends):
            return self._last(view, end)
        lines = _take_lines(view[: ends[-1]])
        return self._take(_Offer(len(view), [0, *ends.tolist()], lines, full, end))

    def _take(self, offer: _Offer) -> Batch:
        header = min(self._skip, len(offer.lines))
        self._skip -= header
        starts, last, names = offer.starts, self._names[-1], self._names[1:]
        firsts, texts, after = list(range(header)), [b""] * header, header
        batch = Batch()
        for first, behind, cells, fault in self._records(offer.lines, header):
            after, text = behind, b""
            if fault or starts[behind] - starts[first] > RECORD_LIMIT:
                reason = self._judge(offer, first, behind, fault or "")
                if reason is None:
                    after = first
                    break
                after = first + 1
                place = starts[first], starts[after], first, int(offer.ends(first))
                batch.regions.append(Region(*place, reason))
            # The header again, in the middle of joined exports, is none of the rows; a mark of the
            # encoding may stand in front of it.
            elif cells and (cells[-1].strip() != last or [c.strip() for c in cells[1:]] != names):
                text = self._write(cells, plain=fault is None)
            firsts.append(first)
            texts.append(text)
        batch.taken = starts[after]
        batch.breaks = after - (after > 0 and not offer.ends(after - 1))
        batch.starts = np.array([*(starts[line] for line in firsts), batch.taken], np.int64)
        batch.lines = np.array(firsts, np.int64)
        batch.valid = np.array(list(map(bool, texts)), np.bool_)
        batch.texts = texts
        batch.ignored = len(texts) - int(batch.valid.sum()) - len(batch.regions)
        return batch

    def _judge(self, offer: _Offer, first: int, behind: int, fault: str) -> str | None:
        """Why lines are no row; None where the row may go on behind them."""
        reason = "unclosed_quote" if fault == _OPEN else fault
        if offer.starts[behind] - offer.starts[first] > RECORD_LIMIT:
            reason = "too_long" if behind == first + 1 else "unclosed_quote"
        if fault in {_OPEN, "field_count"} and behind == len(offer.lines):
            # As much as a row may have was looked at: nothing that follows can end it.
            enough = offer.size - offer.starts[first] > _SEARCH_LIMIT or (offer.full and not first)
            if fault == _OPEN and not (offer.final or enough):
                return None
            # The text breaks off in its last row, which is no bad one then.
            broken = offer.final and not (offer.ends(-1) and offer.size == offer.starts[-1])
            if broken and not self._goes_on(offer.lines, first + 1):
                return None
        return reason

    def _records(self, lines: Sequence[str], at: int) -> Iterator[_Row]:
        """From line `at` on: a row's first line, the one behind it, cells, fault (None: plain)."""
        while at < len(lines):
            if cells := self._cut(lines[at]):
                yield at, at + 1, cells, None
                at += 1
                continue
            # Else any line might open a quote whose end is sought in all the rest.
            if '"' in lines[at] and not self._begins(lines[at]):
                yield at, at + 1, [], "stray_quote"
                at += 1
                continue
            rest = map(lines.__getitem__, range(at, min(len(lines), at + self._span)))
            reader = csv.reader(rest, delimiter=self._delimiter, strict=True, skipinitialspace=True)
            fault = ""
            try:
                cells = next(reader)
            except csv.Error as error:
                fault = _name_fault(str(error))
            behind = at + reader.line_num
            if cells and len(cells) != len(self._names):
                fault = "field_count"
            elif '"' in lines[at] and not fault and not self._is_row("".join(lines[at:behind])):
                fault = "stray_quote"
            yield at, behind, cells, fault
            at = at + 1 if fault else behind

    def _cut(self, line: str) -> list[str]:
        """The cells of a line, if it is a plain row: none is to be escaped or trimmed."""
        text = line.removesuffix("\n").removesuffix("\r")
        plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
        plain = plain and text.strip(" ") == text and not any(map(text.__contains__, self._odd))
        cells = text.split(self._delimiter) if plain else []
        return cells if len(cells) == len(self._names) > 1 else []

    def _goes_on(self, lines: Sequence[str], at: int) -> bool:
        """Whether a row can be read from some line on: the one before is bad, not broken off."""
        ahead = range(at, min(len(lines), at + _AHEAD))
        heads = (next(self._records(lines, line)) for line in ahead)
        return any(cells and not fault for _, _, cells, fault in heads)

    def _write(self, cells: Sequence[str], *, plain: bool) -> bytes:
        if plain:
            return (self._plain_object % tuple(map(cells.__getitem__, self._places))).encode()
        values = [cell.strip() for cell in map(cells.__getitem__, self._places)]
        if _NULLS.isdisjoint(values):
            return (self._object % tuple(map(encode_basestring, values))).encode()
        texts = ("null" if v in _NULLS else encode_basestring(v) for v in values)
        return (self._object % tuple(texts)).encode()


def _name_fault(error: str) -> str:
    if error == _OPEN:
        return _OPEN
    if "field larger" in error:
        return "unclosed_quote"
    return "field_count" if "new-line" in error else "stray_quote"


class HeadedSplitter(LineSplitter):
    """The lines of a W3C log; `-` is no value, date and time become one, in UTC by definition."""

    def __init__(self, split: Split, *, start: int) -> None:
        super().__init__()
        known = [names for offset, names in split.sections if offset <= start]
        self._names = known[-1]

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        batch = super().split(view, end)
        if batch.held or not len(batch.lines):
            return batch
        lines = [line.strip(" \r\n") for line in _take_lines(view[: batch.taken])]
        bad: list[int] = []
        blank = [not line or line.startswith("#") for line in lines]
        batch.texts = []
        for row, line in enumerate(lines):
            told = b""
            if blank[row]:
                self._names = _named(line) if line.startswith(MARK.decode()) else self._names
            elif len(cells := _cut(line)) == len(self._names):
                told = self._write(cells)
            else:
                bad.append(row)
            batch.texts.append(told)
        batch.reject(bad, "field_count")
        if any(blank):
            batch.ignore(np.array(blank, np.bool_))
        return batch

    def _write(self, cells: Sequence[str]) -> bytes:
        values = {
            name: cell
            for name, cell in zip(map(str.lower, self._names), cells, strict=True)
            if cell != "-"
        }
        if "time" in values and "date" in values:
            values = {"time": f"{values.pop('date')}T{values.pop('time')}Z"} | values
        pairs = (f"{encode_basestring(n)}:{encode_basestring(c)}" for n, c in values.items())
        return f"{{{','.join(pairs)}}}".encode()


def _cut(line: str) -> list[str]:
    if '"' in line:
        return [cell.strip('"').replace('""', '"') for cell in _CELLS.findall(line)]
    return [c.strip(" ") for c in line.split("\t")] if "\t" in line else re.split(" +", line)
