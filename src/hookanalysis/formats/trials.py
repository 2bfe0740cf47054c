"""The first records of a file, split as the whole will be; and how well each format fits them."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from hookanalysis.read.decoding import HEAD
from hookanalysis.read.records import Chunk
from hookanalysis.read.rows import name_columns, normalise
from hookanalysis.read.sources import make_splitter
from hookanalysis.read.splitting import Batch, End, Split

from .engine import borrow_scratch, connect_parser
from .format import OWN, FileFacts, Format
from .texts import fields_sql, scan_sql

RECORDS = 200
# What may be a webhook: what a log is read for.
_TELLS = re.compile(rb"POST|[0-9a-f]{8}-[0-9a-f]{4}-|uuid")
# Shapes of objects that are parsed the quick way.
_SHAPES = 16
# Of the first records, more than this share must fit.
ENOUGH = 0.5
# How much of a line is looked at to tell how far a pattern matches, and the question.
_LONG = 2000
_MATCHED = "SELECT length(regexp_extract(?, ?))"
# A general format goes before a special one that fits less than this share, and less than itself.
_PURE = 0.8


class Beginning:
    """The beginning of a file; its first records are taken once for each way to split them."""

    def __init__(self, text: bytes, table: Split | None = None) -> None:
        self.text = text
        self.table = table
        self._chunks: dict[Split, Chunk] = {}
        self._objects: dict[Split, list[dict[str, Any]]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """What the header of a table names."""
        return self.table.names if self.table else ()

    def chunk(self, split: Split) -> Chunk:
        """The first records."""
        if split not in self._chunks:
            self._chunks[split] = take_records(self.text, split)
        return self._chunks[split]

    def objects(self, split: Split | None = None) -> list[dict[str, Any]]:
        """The first records that are objects: a table's rows, else what is written in JSON."""
        split = split or self.table or Split("json")
        if split.kind == "json" and self.text.lstrip()[:1] not in {b"{", b"["}:
            return []
        if split not in self._objects:
            found = map(open_object, self.chunk(split).texts())
            self._objects[split] = [record for record in found if record is not None]
        return self._objects[split]


def take_records(head: bytes, split: Split) -> Chunk:
    """The first records of a text as a chunk: at most 200, half of them such as tell of webhooks.

    Where `head` is not the whole text, an unfinished last record is left out.
    """
    text = np.frombuffer(head, np.uint8).copy()
    splitter = make_splitter(split, head)
    end = End.GROWING if len(head) >= HEAD else End.WHOLE
    at, line = 0, 1
    while at < len(text):
        batch = splitter.split(text[at:], end)
        if not batch.taken:
            break
        if len(batch.lines):
            _keep(batch, text[at:])
            return Chunk(text[at : at + batch.taken], batch, (at, at, line), [])
        at, line = at + batch.taken, line + batch.breaks
    return Chunk(text[:0], Batch(), (at, at, line), [])


def _keep(batch: Batch, text: NDArray[np.uint8]) -> None:
    """Pass over all rows but the first, and the next that may tell of a webhook."""
    rows, first = len(batch.lines), RECORDS
    if rows > RECORDS and batch.texts is None:
        places = [found.start() for found in _TELLS.finditer(text.tobytes())]
        telling = np.unique(np.searchsorted(batch.starts, places, "right") - 1)
        later = telling[(telling >= RECORDS // 2) & (telling < rows)][: RECORDS // 2]
        first = RECORDS - len(later)
        chosen = np.zeros(rows, np.bool_)
        chosen[:first] = chosen[later] = True
        batch.ignore(~chosen)
        first = max(first, int(later[-1]) + 1 if len(later) else 0)
    batch.keep_rows(min(first, rows))


def usual_shapes(objects: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The keys of objects that are common, a JSON list each, as the database writes it.

    Sorted, so that files with the same shapes are parsed by the same statement.
    """
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    shapes = Counter(write(list(keys)) for keys in objects if keys)
    return tuple(sorted(shape for shape, _ in shapes.most_common(_SHAPES)))


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


# Each format and each wrapper asks for the same first records.
@lru_cache(3 * RECORDS)
def open_object(text: str) -> dict[str, Any] | None:
    """The object that a record is, if it is one."""
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(frozen=True)
class Trial:
    """How well a format fits the first records of a file."""

    format: Format  # the format, with the names as this file spells them
    split: Split  # how the file is split
    facts: FileFacts  # what is known of the file
    known: int = 0  # fields that were recognised by their name
    # Groups of texts of which the file names none, though it should; it is not parsed.
    missing: tuple[tuple[str, ...], ...] = ()
    reasons: tuple[str | None, ...] = ()  # why each record does not fit; None where it does
    disorder: str = ""  # why the order of day and month is unknown

    @property
    def twice(self) -> str:
        """A column that the format uses and the table has twice."""
        counts = Counter(map(normalise, self.split.names))
        taken = {normalise(name) for aliases in self.format.names.values() for name in aliases}
        alike = (n for n in self.split.names if normalise(n) in taken and counts[normalise(n)] > 1)
        return next(alike, "")

    @property
    def share(self) -> float:
        """Records that fit, of those that say nothing twice; a header alone is a whole table."""
        if not self.reasons:
            return float(self.split.kind == "rows" and not self.missing)
        once = [reason for reason in self.reasons if reason != "duplicate_key"]
        return once.count(None) / max(len(once), 1)


def hold_trials(formats: Sequence[Format], head: Beginning, facts: FileFacts) -> list[Trial]:
    """Try the formats that may fit; the cheap tests of names come first."""
    trials: list[Trial] = []
    for entry in sorted(formats, key=lambda entry: (-len(entry.keys), -entry.rank)):
        if any(trial.share == 1 and _goes_before(trial.format, entry) for trial in trials):
            continue
        if trial := _fit(entry, head, facts):
            trials.append(trial if trial.missing else _try(trial, head.chunk(trial.split)))
    return trials


def give_way(trials: Sequence[Trial]) -> list[Trial]:
    """Drop each trial that fits no better than one with precedence over it.

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
    """Whether a format has precedence: by rank; over the other side only if it is the user's."""
    return (entry.side == other.side or entry.rank >= OWN) and entry.rank > other.rank


def _fit(entry: Format, head: Beginning, facts: FileFacts) -> Trial | None:
    """The format with what can be learnt before parsing, if a file names what it asks for."""
    is_table = entry.split == "rows"
    split = head.table if is_table else Split("json")
    if split is None:
        return None
    objects, asked = head.objects(split), set(entry.keys)
    if not is_table and not any(record.keys() >= asked for record in objects):
        return None
    records = [part for record in objects for part in _spread(record, entry.each)]
    if is_table:
        records.append(dict.fromkeys(name_columns(head.columns)))
    keys = sorted({key for record in records for key in record})
    elements = [record.get("each") for record in records] if entry.each else []
    inner = [f"each/{key}" for one in elements if isinstance(one, dict) for key in one]
    told = {normalise(key) for key in keys}
    if told & {normalise(name) for name in entry.forbid}:
        return None
    names = (_assign if is_table else spell)(entry.names, (*keys, *inner))
    parts = {
        text: [p for n in ns for p in (n, n.partition("/")[0])] for text, ns in entry.names.items()
    }
    met = (text for text in parts if any(normalise(part) in told for part in parts[text]))
    found = set(names if is_table else met)
    found |= {
        text
        for text, deep in entry.deep.items()
        if any(f'"{name.rpartition("/")[2]}"'.encode() in head.text for name in deep)
    }
    missing = tuple(group for group in entry.require if not found & set(group))
    if missing and (not is_table or len(found) < 2):
        return None
    facts = replace(facts, shapes=usual_shapes(records))
    return Trial(replace(entry, names=names), split, facts, len(found), missing)


def _spread(record: dict[str, Any], each: Sequence[str]) -> list[dict[str, Any]]:
    """What sql/load makes of a record whose list is taken apart: see `texts._spread`."""
    for path in each:
        value: Any = record
        for key in path.split("/"):
            value = open_object(value) if isinstance(value, str) else value
            value = value.get(key) if isinstance(value, dict) else None
        elements = [value] if isinstance(value, dict) else value
        if isinstance(elements, list) and elements:
            outer = {path.partition("/")[0] for path in each}
            around = {key: value for key, value in record.items() if key not in outer}
            return [{"each": element} | around for element in elements]
    return [record]


def _assign(names: Mapping[str, Sequence[str]], keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """One column for each text: the best that it may have and no other has taken."""
    columns = {normalise(key): key for key in keys}
    assigned: dict[str, tuple[str, ...]] = {}
    for text, aliases in names.items():
        key = next((columns[a] for a in map(normalise, aliases) if a in columns), "")
        if key and (key,) not in assigned.values():
            assigned[text] = (key,)
    return assigned


def _try(trial: Trial, chunk: Chunk) -> Trial:
    """Parse the first records; find out the order of day and month where it matters."""

    def write(first: bool | None) -> tuple[str, str]:
        facts = replace(trial.facts, day_first=first)
        return scan_sql(trial.format, facts), fields_sql(trial.format, facts)

    side = trial.format.side
    first, reasons, disorder = settle_dates(trial.facts.day_first, write, side, chunk)
    facts = replace(trial.facts, day_first=first)
    return replace(trial, facts=facts, reasons=reasons, disorder=disorder)


def settle_dates(
    day_first: bool | None, write: Callable[[bool | None], tuple[str, str]], side: str, chunk: Chunk
) -> tuple[bool | None, tuple[str | None, ...], str]:
    """The order of day and month, each record's reason by it, and why it is unknown (else "").

    `write` gives the two statements that read a chunk by an order: see `Binding`.
    """

    def judge(first: bool | None) -> tuple[str | None, ...]:
        with borrow_scratch(*write(first), side) as scratch:
            scratch.scan(chunk)
            return scratch.reasons()

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
