"""The first records of a text, split as reading will split the whole; and the header of a table."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from hookanalysis.read.decoding import HEAD
from hookanalysis.read.records import Chunk
from hookanalysis.read.sources import make_splitter
from hookanalysis.read.splitting import End, Piece, Split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RECORDS = 200
DELIMITERS = (",", "\t", ";")
_HEADER_LINES = 30
# How the name of a column looks, and how many rows must have as many cells as there are names.
_NAME = re.compile(r"[^\W\d][\w .()/#-]{0,60}")
_ROWS = 20


@dataclass(frozen=True)
class Header:
    """The line that names the columns of a table.

    Args:
        split: How the table is split, the header being skipped.
        columns: text → number of its column, from 1.
        names: The columns' names as they stand there.
        missing: Groups of texts of which the table has none, though it should.
        twice: Names that stand there twice.
    """

    split: Split
    columns: Mapping[str, int]
    names: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...] = ()
    twice: tuple[str, ...] = field(default=())


def take_records(head: bytes, split: Split) -> Chunk:
    """The first records of a text (at most 200), as a chunk.

    Args:
        head: The text, or its first bytes; an unfinished last record is then left out.
        split: How to split it.
    """
    text = np.frombuffer(head, np.uint8).copy()
    splitter = make_splitter(split, head, fresh=True)
    end = End.GROWING if len(head) >= HEAD else End.WHOLE
    at, line = 0, 1
    while at < len(text):
        piece = splitter.split(text[at:], end)
        if not piece.taken:
            break
        if len(piece.lines):
            piece.keep_rows(min(RECORDS, len(piece.lines)))
            part = text[at : at + piece.taken]
            piece.mark_separators(part)
            return Chunk(part, piece, (at, at, line), [])
        at, line = at + piece.taken, line + piece.breaks
    return Chunk(text[:0], Piece(), (at, at, line), [])


def find_table(head: bytes) -> list[list[str]]:
    """The names of its columns and its first rows, if a text looks like a table; else nothing.

    That is: names first, and rows as wide. A few lines that are no row of it may stand before it: a
    title, the day of the export.
    """
    lines = head[: head.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines(keepends=True)
    for delimiter in DELIMITERS:
        rows = take_rows(lines, delimiter, _ROWS)
        for at, header in enumerate(rows[: (len(rows) + 1) // 2]):
            names = [cell.strip() for cell in header]
            named = len(names) > 1 and all(map(_NAME.fullmatch, names))
            below = [row for row in rows[at + 1 :] if row]
            if named and rows[at + 1 :] and all(len(row) == len(names) for row in below):
                return [names, *below]
    return []


def take_rows(lines: Iterable[str], delimiter: str, count: int) -> list[list[str]]:
    """The first rows of lines read as a table; none where they cannot be (a cell of 128 KiB)."""
    try:
        return list(islice(csv.reader(lines, delimiter=delimiter), count))
    except csv.Error:
        return []


def find_header(
    head: bytes,
    names: Mapping[str, Sequence[str]],
    require: Sequence[Sequence[str]],
    *,
    named: bool = False,
) -> Header | None:
    """The header of a table: the first line that names what is required, else the nearest to it.

    Args:
        head: The text, or its first bytes.
        names: text → names that its column may have; case and punctuation do not matter.
        require: Groups of texts; of each, one must be there.
        named: The user says how columns are called; most of them may then be unknown.

    Returns:
        The header (with `missing`, where it lacks something); None where no line looks like one.
    """
    nearest: Header | None = None
    for number, line in enumerate(head.splitlines()[:_HEADER_LINES], 1):
        text = line.decode("utf-8", "replace")
        for delimiter in DELIMITERS:
            header = _read_header(text, delimiter, number, names, require, named)
            if header and not header.missing:
                return header
            if header and (nearest is None or len(header.columns) > len(nearest.columns)):
                nearest = header
    return nearest


def spell(names: Mapping[str, Sequence[str]], keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names of keys as they are spelt among `keys`, in snake_case, and in camelCase."""
    met = {re.sub(r"[^\w/]|_", "", key).lower(): key for key in keys}
    spelt = {}
    for text, aliases in names.items():
        forms = []
        for alias in aliases:
            outer, slash, inner = alias.rpartition("/")
            words = re.findall(r"[a-z0-9]+", inner.lower())
            if not words:
                forms.append(alias)
                continue
            first, *others = words
            snake, camel = "_".join([first, *others]), first + "".join(map(str.capitalize, others))
            known = met.get(f"{outer}{slash}{first}{''.join(others)}", alias)
            forms += [known, *(f"{outer}{slash}{form}" for form in (snake, camel))]
        spelt[text] = tuple(dict.fromkeys(forms))
    return spelt


def open_object(text: str) -> dict[str, Any] | None:
    """The object that a record is, if it is one."""
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@cache
def normalise(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return re.sub(r"[\W_]", "", name).lower()


def _read_header(
    line: str,
    delimiter: str,
    number: int,
    names: Mapping[str, Sequence[str]],
    require: Sequence[Sequence[str]],
    named: bool,  # noqa: FBT001
) -> Header | None:
    cells = [cell.strip() for row in take_rows([line], delimiter, 1) for cell in row]
    places: dict[str, int] = {}
    twice = []
    for place, cell in enumerate(cells, 1):
        if cell and places.setdefault(normalise(cell), place) != place:
            twice.append(cell)
    columns: dict[str, int] = {}
    for text, aliases in names.items():
        place = next((places[a] for a in map(normalise, aliases) if a in places), 0)
        if place and place not in columns.values():
            columns[text] = place
    missing = tuple(tuple(group) for group in require if not any(text in columns for text in group))
    # Prose has commas too: a header is mostly made of known names, or has all that the user named.
    strange = 2 * len(columns) < len([cell for cell in cells if cell])
    if len(columns) < 2 or (strange and (missing or not named)):
        return None
    split = Split("delimited", delimiter, len(cells), number)
    known = {normalise(alias) for aliases in names.values() for alias in aliases}
    return Header(
        split, columns, tuple(cells), missing, tuple(n for n in twice if normalise(n) in known)
    )
