"""Lines whose fields are named by a header line, which may change in mid-file: W3C logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MARK = b"#Fields:"
# Cells between spaces or tabs; quoted ones may hold spaces, and quotes as two.
_CELLS = r'"(?:[^"]|"")*"|[^ \t"][^ \t]*'

# The names of the fields, and the byte of the text from which on they hold.
Section = tuple[int, tuple[str, ...]]


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


def row_source(sections: Sequence[Section], source: str) -> str:
    """The rows of `source` with each headed line as a JSON object of what its header names.

    `-` is no value. Date and time become one, in UTC by definition. A line with more or fewer
    fields than its header names becomes an object without a time; header lines become blank.
    """
    quoted = "regexp_extract_all(bare, '" + _CELLS.replace("'", "''") + "')"
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
    pairs = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', {v}" for name, v in values.items())
    return f"json_object({pairs})"


def _by_section(sections: Sequence[Section], values: Sequence[str]) -> str:
    pairs = list(zip((start for start, _ in sections), values, strict=True))
    if len(set(values)) == 1:
        return values[0]
    cases = [f"WHEN byte_offset >= {start} THEN {value}" for start, value in reversed(pairs)]
    return f"CASE {' '.join(cases)} END"
