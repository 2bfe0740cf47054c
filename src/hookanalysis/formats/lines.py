"""Where the texts of a line stand: SQL that takes them out by a pattern, or by a header."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .forms import RECEIPT_TEXTS, Fit, Form, literal
from .headed import cut_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What stands between the time and the message: separators, a process, a level.
_LEAD = (
    r"^[\])|:,;\s-]*(?:#\d+\]\s*)?"
    r"(?:(?:[a-z]+\.)?\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)\]?"
    r"[:|\s-]+)?"
)


def scan_lines(form: Form, fit: Fit) -> str:
    """SELECT over `chunk`: line, byte_offset, part, record, time_text, misfit; by the pattern."""
    groups, pattern = _groups(form.pattern), literal(whole(form.pattern))
    times = [
        f"nullif(regexp_extract(record, {pattern}, {number}), '')"
        for number, name in enumerate(groups, 1)
        if name.startswith("time")
    ]
    time, reason = f"coalesce({', '.join(times)})", literal("no_match")
    if not times:  # only a wrapper can tell it
        fits = f"regexp_full_match(record, {pattern})"
        other = f"regexp_full_match(record, {literal(form.ignored)})"
        time = f"CASE WHEN {fits} AND NOT {other} THEN outer_time END"
        reason = f"CASE WHEN {fits} THEN 'no_time' ELSE 'no_match' END"
    pieces = f"({fit.source}) WHERE record IS NOT NULL"
    if form.proof:
        pieces = f"(SELECT *, string_split(record, '\"') AS p FROM {pieces})"
        time = f"CASE WHEN {form.proof} THEN {form.proven['time']} ELSE {time} END"
    matched = f"SELECT line, byte_offset, 0 AS part, record, {time} AS time_text FROM {pieces}"
    return f"SELECT *, {misfit(form, 'time_text IS NULL', reason)} FROM ({matched})"


def match_lines(form: Form, source: str) -> str:
    """SELECT over the rows of named.sql: all texts of a receiver, by the pattern."""
    groups = _groups(form.pattern)
    names = ", ".join(literal(name) for name in groups)
    matched = f"regexp_extract(record, {literal(whole(form.pattern))}, [{names}])"
    found = _unite({name: f"nullif(g.{name}, '')" for name in groups})
    pieces = f"SELECT *, {matched} AS g FROM {source}"
    if form.proof:
        found = {
            name: f"CASE WHEN proven THEN {form.proven.get(name, 'NULL')} ELSE {value} END"
            for name, value in found.items()
        }
        pieces = (
            f"SELECT *, CASE WHEN NOT proven THEN {matched} END AS g FROM"
            f" (SELECT *, coalesce({form.proof}, FALSE) AS proven FROM"
            f" (SELECT *, string_split(record, '\"') AS p FROM {source}))"
        )
    place = "g.rest" if "rest" in groups else "record"
    for name, patterns in form.find.items():
        values = [f"nullif(regexp_extract({place}, {literal(p)}, 1), '')" for p in patterns]
        values = [found[name], *values] if name in found else values
        found[name] = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    found = only(form, found)
    if "message" in found:  # as far as it stands behind the time: without separators and level
        found["message"] = f"regexp_replace({found['message']}, {literal(_LEAD)}, '')"
    return (
        'SELECT line, byte_offset, "at", record, uuids, event_uuid,'
        f" {select(found, RECEIPT_TEXTS)} FROM ({pieces})"
    )


def scan_headed(form: Form, fit: Fit) -> str:
    """As `scan_lines`, for lines whose fields a header names."""
    rows, found, width = cut_fields(form, fit, f"({fit.source}) WHERE record IS NOT NULL")
    matched = (
        f"SELECT line, byte_offset, 0 AS part, record, {found['time']} AS time_text,"
        f" len(cells) <> {width} AS uneven FROM ({rows})"
    )
    reason = "CASE WHEN uneven THEN 'field_count' ELSE 'missing_field' END"
    return f"SELECT *, {misfit(form, 'uneven OR time_text IS NULL', reason)} FROM ({matched})"


def cut_headed(form: Form, fit: Fit, source: str) -> str:
    """As `match_lines`, for lines whose fields a header names."""
    rows, found, _ = cut_fields(form, fit, source)
    return (
        'SELECT line, byte_offset, "at", record, uuids, event_uuid,'
        f" {select(only(form, found), RECEIPT_TEXTS)} FROM ({rows})"
    )


def _unite(found: Mapping[str, str]) -> dict[str, str]:
    """Texts that stand in several groups: the one that is there; durations add up.

    A duration is NULL where a part of it was not measured (-1).
    """
    parts: dict[str, list[str]] = {}
    for name, value in found.items():
        parts.setdefault(re.sub(r"_\d$", "", name), []).append(value)
    added = {}
    for text, values in parts.items():
        if not text.startswith("duration"):
            added[text] = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
            continue
        numbers = [f"TRY_CAST({value} AS DECIMAL(18, 6))" for value in values]
        known = " AND ".join(f"{number} >= 0" for number in numbers)
        total = f"CASE WHEN {known} THEN CAST({' + '.join(numbers)} AS VARCHAR) END"
        added[text] = total if len(values) > 1 else values[0]
    return added


def only(form: Form, found: Mapping[str, str]) -> dict[str, str]:
    """Values of texts, as far as they look as the form says."""
    return {
        text: f"CASE WHEN regexp_full_match({value}, {literal(form.only[text])}) THEN {value} END"
        if text in form.only
        else value
        for text, value in found.items()
    }


def misfit(form: Form, unfit: str, reason: str) -> str:
    """Reason code of a record for which the SQL condition `unfit` holds."""
    return (
        f"CASE WHEN NOT ({unfit}) THEN NULL"
        f" WHEN regexp_full_match(record, {literal(form.ignored)}) THEN 'ignored'"
        f" ELSE {reason} END AS misfit"
    )


def select(found: Mapping[str, str], names: Iterable[str]) -> str:
    """The texts as columns, NULL where they are not found."""
    return ", ".join(f"{found.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in names)


def _groups(pattern: str) -> list[str]:
    return re.findall(r"\(\?P<(\w+)>", pattern)


def whole(pattern: str) -> str:
    """The pattern of a whole record, which may end with a line end."""
    return rf"^(?:{pattern})\r?\n?$"
