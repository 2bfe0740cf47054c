"""Formats on trial: how well each one fits the first records of a file."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb

from hookanalysis.read.splitting import Split

from .catalog import OWN
from .engine import borrow_scratch
from .fields import fields_sql, scan_sql
from .forms import plain_records
from .parser import connect_parser
from .rows import name_columns, table_source
from .sampling import Header, find_header, normalise, spell, take_records
from .texts import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hookanalysis.read.records import Chunk

    from .catalog import Format
    from .forms import Fit, Form

# Of the first records, more than this share must fit.
ENOUGH = 0.5
# How much of a line is looked at to tell how far a pattern matches, and the question.
_LONG = 2000
_MATCHED = "SELECT length(regexp_extract(?, ?))"
# Shapes of objects that are parsed the quick way.
_SHAPES = 16
# A general format goes before a special one that fits less than this share, and less than itself:
# such a log is a mixture, as of an application's own lines and its server's.
_PURE = 0.8


class Head:
    """The beginning of a file; its first records are taken once for each way to split them."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._chunks: dict[Split, Chunk] = {}
        self._shapes: dict[tuple[Split, tuple[str, ...], str], tuple[str, ...]] = {}

    def chunk(self, split: Split) -> Chunk:
        """The first records."""
        if split not in self._chunks:
            self._chunks[split] = take_records(self.text, split)
        return self._chunks[split]

    def shapes(self, split: Split, each: tuple[str, ...] = (), path: str = "$") -> tuple[str, ...]:
        """The keys of the first records that are objects: a JSON list each, frequent ones first.

        `each` is the list to take apart (see `Form`), `path` the object inside of each record.
        """
        if self.text.lstrip()[:1] not in {b"{", b"["}:
            return ()
        place = split, each, path
        if place not in self._shapes:
            rows = _query(
                f"""
                SELECT keys
                FROM (
                  SELECT CAST(to_json(TRY(json_keys(record, '{path}'))) AS VARCHAR) AS keys
                  FROM {spread(each, plain_records())}
                )
                WHERE keys <> '[]'
                GROUP BY keys
                ORDER BY count(*) DESC, keys
                """,
                self.chunk(split),
            )
            self._shapes[place] = tuple(str(row[0]) for row in rows)
        return self._shapes[place]

    def records(self) -> list[str]:
        """The first records that are objects."""
        query = "SELECT record FROM chunk WHERE json_type(TRY(CAST(record AS JSON))) = 'OBJECT'"
        return [str(row[0]) for row in _query(query, self.chunk(Split("json")))]

    def inner_keys(self, split: Split, each: tuple[str, ...]) -> list[str]:
        """The keys of the elements of a list that is taken apart, as paths."""
        shapes = self.shapes(split, each, "$.each") if each else ()
        return [f"each/{key}" for shape in shapes for key in json.loads(shape)]


@dataclass(frozen=True)
class Trial:
    """How well a format fits the first records of a file."""

    format: Format
    split: Split
    form: Form
    fit: Fit
    known: int = 0  # fields that were recognised by their name
    reasons: tuple[str | None, ...] = ()  # of each record; None: it fits
    disorder: str = ""  # why the order of day and month is unknown

    @property
    def share(self) -> float:
        """Records that fit, of all that do not pass by rule; a header alone is a whole table."""
        if not self.reasons:
            return float(self.fit.uniform)
        return self.reasons.count(None) / len(self.reasons)


def hold_trials(
    formats: Sequence[Format], head: Head, fit: Fit
) -> tuple[list[Trial], list[Header]]:
    """Try the formats that may fit; the cheap tests of names and patterns come first.

    Args:
        formats: Formats to choose from.
        head: The beginning of the file.
        fit: What is known of the file.

    Returns:
        The trials, and headers of tables that lack something.
    """
    trials: list[Trial] = []
    near: list[Header] = []
    for entry in sorted(formats, key=lambda entry: (-len(entry.keys), -entry.rank)):
        if any(trial.share == 1 and _goes_before(trial.format, entry) for trial in trials):
            continue
        fitted = _fit(entry, head, fit)
        if isinstance(fitted, Header):
            near.append(fitted)
        elif fitted:
            trials.append(_try(fitted, head.chunk(fitted.split)))
    return trials, near


def give_way(trials: Sequence[Trial]) -> list[Trial]:
    """The trials without those that another one goes before, where it fits as well.

    A format that asks for certain keys, and finds them, goes before all that ask for fewer.
    """
    asked = max((len(trial.format.keys) for trial in trials), default=0)
    trials = [trial for trial in trials if len(trial.format.keys) == asked]
    left = {
        other.format.id: other
        for other in trials
        if not any(
            _goes_before(trial.format, other.format) and trial.share >= min(other.share, _PURE)
            for trial in trials
        )
    }
    for trial in trials:
        base = left.get(trial.format.base or "")
        if base and trial.format.id in left:
            better = (trial.share, trial.known) > (base.share, base.known)
            del left[(base if better else trial).format.id]
    return list(left.values())


def _goes_before(entry: Format, other: Format) -> bool:
    """Whether a format is tried first. Which side wrote a file is not guessed by rank."""
    return (entry.side == other.side or entry.rank >= OWN) and entry.rank > other.rank


def _fit(entry: Format, head: Head, fit: Fit) -> Trial | Header | None:
    """The format with what can be learnt before parsing; the header where it lacks something."""
    if entry.split == "delimited":
        return _fit_table(entry, head, fit)
    split = Split(entry.split)
    return _fit_objects(entry, head, split, fit)


def _fit_objects(entry: Format, head: Head, split: Split, fit: Fit) -> Trial | None:
    form = entry.form
    if not any(set(entry.keys) <= set(json.loads(shape)) for shape in head.shapes(split)):
        return None
    shapes = head.shapes(split, form.each)
    keys = sorted({key for shape in shapes for key in json.loads(shape)})
    told = {normalise(key) for key in keys}
    found = {
        text
        for text, names in form.names.items()
        if told & {normalise(part) for name in names for part in (name, name.partition("/")[0])}
    }
    found |= {
        text
        for text, names in form.deep.items()
        if any(f'"{name.rpartition("/")[2]}"'.encode() in head.text for name in names)
    }
    forbidden = told & {normalise(name) for name in entry.forbid}
    if forbidden or not all(found & set(group) for group in entry.require):
        return None
    inner = head.inner_keys(split, form.each)
    form = replace(form, names=spell(form.names, (*keys, *inner)))
    # Sorted, so that files with the same shapes are parsed by the same statement.
    return Trial(
        entry, split, form, replace(fit, shapes=tuple(sorted(shapes[:_SHAPES]))), len(found)
    )


def _fit_table(entry: Format, head: Head, fit: Fit) -> Trial | Header | None:
    form = entry.form
    header = find_header(head.text, form.names, entry.require, named=fit.named)
    if header is None or header.missing or header.twice:
        return header
    if {normalise(name) for name in header.names} & {normalise(n) for n in entry.forbid}:
        return None
    keys = name_columns(header.names)
    named = {place: key for key, place in keys.items()}
    form = replace(form, names={text: (named[n],) for text, n in header.columns.items()})
    shapes = (json.dumps(list(keys), ensure_ascii=False, separators=(",", ":")),)
    fit = replace(fit, source=table_source(header.names), shapes=shapes, uniform=True)
    return Trial(entry, header.split, form, fit, len(header.columns))


def _try(trial: Trial, chunk: Chunk) -> Trial:
    """Parse the first records; find out the order of day and month where it matters."""

    def judge(first: bool | None) -> tuple[str | None, ...]:
        form, fit = trial.form, replace(trial.fit, day_first=first)
        with borrow_scratch(scan_sql(form, fit), fields_sql(form, fit), form.side) as scratch:
            scratch.scan(chunk)
            return scratch.reasons()

    first, reasons, disorder = settle_dates(trial.fit.day_first, judge)
    fit = replace(trial.fit, day_first=first)
    return replace(trial, fit=fit, reasons=reasons, disorder=disorder)


Reasons = tuple[str | None, ...]


def settle_dates(
    day_first: bool | None, judge: Callable[[bool | None], Reasons]
) -> tuple[bool | None, Reasons, str]:
    """The order of day and month, each record's reason by it, and why it is unknown (else "")."""
    reasons = judge(day_first)
    if "bad_time" not in reasons or day_first is not None:
        return day_first, reasons, ""
    by_day, by_month = judge(True), judge(False)
    pairs = list(zip(by_day, by_month, strict=True))
    only_day = sum(a is None and b is not None for a, b in pairs)
    only_month = sum(b is None and a is not None for a, b in pairs)
    if only_day and only_month:
        either = tuple(None if a is None else b for a, b in pairs)
        return None, either, "some dates have the day first, some the month"
    if only_day or only_month:
        return bool(only_day), by_day if only_day else by_month, ""
    if by_day == reasons:  # no such date is among them
        return None, reasons, ""
    return None, by_day, "in no date of the first records is either number above 12"


def reach(pattern: str, text: bytes) -> tuple[int, int]:
    """How far a pattern matches: column and line, for the line of the first ten that goes best.

    The database's engine tries it, in linear time; the lines may be anybody's.
    """
    lines = [line[:_LONG] for line in text.decode("utf-8", "replace").splitlines()[:10]]
    parts = [part for part in (pattern[:end] for end in range(1, len(pattern) + 1)) if _whole(part)]
    con = connect_parser()

    def match(part: str) -> tuple[int, int]:
        try:
            return max(
                (con.execute(_MATCHED, [line, f"^(?:{part})"]).fetchall()[0][0], -number)
                for number, line in enumerate(lines, 1)
            )
        except (ValueError, duckdb.Error):  # no lines; or a text that only Python takes
            return 0, -1

    # What matches with more of the pattern matches with less.
    most = bisect_left(parts, 1, key=lambda part: 0 if match(part)[0] else 1)
    column, line = match(parts[most - 1]) if most else (0, -1)
    return column, -line


def _whole(part: str) -> bool:
    try:
        re.compile(part)
    except re.error:
        return False
    return True


def _query(query: str, chunk: Chunk) -> list[tuple[Any, ...]]:
    con = connect_parser()
    con.register("chunk", chunk)
    return con.execute(query).fetchall()
