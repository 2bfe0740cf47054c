"""Rows → JSON objects of what a header names: tables, and W3C logs, whose header may change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .forms import literal, plain_records
from .sampling import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MARK = b"#Fields:"
# Cells between spaces or tabs; quoted ones may hold spaces, and quotes as two.
_CELLS = r'"(?:[^"]|"")*"|[^ \t"][^ \t]*'

# The names of the fields, and the byte of the text from which on they hold.
Section = tuple[int, tuple[str, ...]]


def name_columns(names: Iterable[str]) -> dict[str, int]:
    """The keys of a table's objects, and the numbers of their columns; of two alike the first."""
    places: dict[str, tuple[str, int]] = {}
    for place, name in enumerate(names, 1):
        if normalise(name):
            # A slash in a name would lead into an object.
            places.setdefault(normalise(name), (name.replace("/", " "), place))
    return dict(places.values())


def table_source(names: Sequence[str]) -> str:
    r"""The rows of a table, whose cells stand between chr(31), as objects.

    Cells lose the quotes and spaces around them. So PostgreSQL and MySQL write NULL: \N, NULL. The
    header again, in the middle of joined exports, becomes blank.
    """
    marks = ("'\"'", "chr(31) || ' '", "' ' || chr(31)", "'\\N'", "'NULL'")
    untidy = " OR ".join(f"contains(record, {mark})" for mark in marks)
    inner = "CASE WHEN starts_with(c, '\"') AND ends_with(c, '\"')"
    inner = f"{inner} THEN trim(replace(c[2:-2], '\"\"', '\"')) ELSE c END"
    tidied = f"list_transform(list_transform(p, lambda c: trim(c)), lambda c: {inner})"
    tidied = f"list_transform({tidied}, lambda c: CASE WHEN c NOT IN ('\\N', 'NULL') THEN c END)"
    pairs = (f"{literal(key)}, cells[{place}]" for key, place in name_columns(names).items())
    header = f"[{', '.join(map(literal, names[1:]))}]"
    return (
        f"SELECT line, byte_offset, outer_time, CASE WHEN cells[2:] = {header} THEN ''"
        f" ELSE CAST(json_object({', '.join(pairs)}) AS VARCHAR) END AS record"
        f" FROM (SELECT *, CASE WHEN {untidy} THEN {tidied} ELSE p END AS cells FROM (SELECT *,"
        " string_split(rtrim(record, ' ' || chr(10) || chr(13)), chr(31)) AS p"
        f" FROM ({plain_records()}) WHERE record IS NOT NULL))"
    )


def find_headers(head: bytes) -> list[tuple[int, str]]:
    """The header lines in a text, and the bytes at which they begin."""
    return [
        (found.start(), found[0].decode("utf-8", "replace"))
        for found in re.finditer(rb"^" + MARK + rb"[^\r\n]*", head, re.MULTILINE)
    ]


def read_sections(headers: Iterable[tuple[int, str]]) -> tuple[Section, ...]:
    """Header lines as sections of a text; one that repeats the last one is none of its own."""
    sections: list[Section] = []
    for offset, line in headers:
        names = tuple(line.removeprefix(MARK.decode()).split())
        if not sections or sections[-1][1] != names:
            sections.append((offset if sections else 0, names))
    return tuple(sections)


def headed_source(sections: Sequence[Section], source: str) -> str:
    """The rows of `source` with each headed line as a JSON object of what its header names.

    `-` is no value. Date and time become one, in UTC by definition. A line with more or fewer
    fields than its header names becomes an object without a time; header lines become blank.
    """
    quoted = f"regexp_extract_all(bare, {literal(_CELLS)})"
    tab = "contains(bare, chr(9))"
    cells = (
        "CASE WHEN contains(bare, '\"')"
        f" THEN list_transform({quoted}, lambda c: replace(trim(c, '\"'), '\"\"', '\"'))"
        f" WHEN {tab} THEN list_transform(string_split(bare, chr(9)), lambda c: trim(c))"
        " ELSE regexp_split_to_array(bare, ' +') END"
    )
    rows = f"SELECT *, trim(record, chr(10) || chr(13) || ' ') AS bare FROM ({source})"
    objects = [_object(names) for _, names in sections]
    widths = [str(len(names)) for _, names in sections]
    return (
        "SELECT line, byte_offset, CASE WHEN starts_with(bare, '#') OR bare = '' THEN ''"
        f" WHEN len(cells) = {_by_section(sections, widths)}"
        f" THEN CAST({_by_section(sections, objects)} AS VARCHAR)"
        " ELSE '{\"fields\":' || len(cells) || '}' END AS record, outer_time"
        f" FROM (SELECT *, {cells} AS cells FROM ({rows})) WHERE record IS NOT NULL"
    )


def _object(names: Sequence[str]) -> str:
    values = {
        name: f"nullif(cells[{place}], '-')" for place, name in enumerate(map(str.lower, names), 1)
    }
    if "time" in values:
        day = values.pop("date", None)
        moment = values.pop("time")
        whole = f"{day} || 'T' || {moment} || 'Z'" if day else moment
        values = {"time": whole, **values}
    pairs = ", ".join(f"{literal(name)}, {value}" for name, value in values.items())
    return f"json_object({pairs})"


def _by_section(sections: Sequence[Section], values: Sequence[str]) -> str:
    pairs = list(zip((start for start, _ in sections), values, strict=True))
    if len(set(values)) == 1:
        return values[0]
    cases = [f"WHEN byte_offset >= {start} THEN {value}" for start, value in reversed(pairs)]
    return f"CASE {' '.join(cases)} END"
