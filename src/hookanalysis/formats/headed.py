"""Lines whose fields are named by a header line, which may change in mid-file: W3C logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .sampling import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .forms import Fit, Form

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


def cut_fields(form: Form, fit: Fit, source: str) -> tuple[str, dict[str, str], str]:
    """Where the texts of headed lines stand.

    Returns:
        SELECT of the rows of `source` with their `cells`; for each text an expression over it (its
        date and time in one, UTC by definition); and how many cells a line has.
    """
    quoted = "regexp_extract_all(bare, '" + _CELLS.replace("'", "''") + "')"
    rows = (
        "SELECT *, CASE WHEN contains(bare, '\"')"
        f" THEN list_transform({quoted}, lambda c: replace(trim(c, '\"'), '\"\"', '\"'))"
        " ELSE string_split(bare, CASE WHEN contains(bare, chr(9)) THEN chr(9) ELSE ' ' END) END"
        " AS cells FROM (SELECT *, rtrim(record, chr(10) || chr(13) || ' ') AS bare"
        f" FROM {source})"
    )
    found = {}
    for text, names in form.names.items():
        cells = [_cell(section[1], names) for section in fit.sections]
        if text == "time":
            days = [_cell(section[1], ["date"]) for section in fit.sections]
            both = zip(days, cells, strict=True)
            cells = [f"{day} || ' ' || {cell} || 'Z'" for day, cell in both]
        found[text] = f"nullif({_by_section(fit, cells)}, '-')"
    width = _by_section(fit, [str(len(names)) for _, names in fit.sections])
    return rows, found, width


def named_texts(form: Form, sections: Iterable[Section]) -> set[str]:
    """The texts that every section names."""
    told = [{normalise(name) for name in names} for _, names in sections]
    return {
        text
        for text, names in form.names.items()
        if all(any(normalise(name) in names_told for name in names) for names_told in told)
    }


def _cell(told: tuple[str, ...], names: Iterable[str]) -> str:
    places = {normalise(name): place for place, name in enumerate(told, 1)}
    place = next((places[normalise(n)] for n in names if normalise(n) in places), 0)
    return f"cells[{place}]" if place else "CAST(NULL AS VARCHAR)"


def _by_section(fit: Fit, values: list[str]) -> str:
    starts = [offset for offset, _ in fit.sections]
    pairs = list(zip(starts, values, strict=True))
    if len({value for _, value in pairs}) == 1:
        return values[0]
    cases = [f"WHEN byte_offset >= {start} THEN {value}" for start, value in reversed(pairs)]
    return f"CASE {' '.join(cases)} END"
