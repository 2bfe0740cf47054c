"""Do the formats keep their word? Their samples, parsed and held against what is expected."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import InputError
from hookanalysis.settings import Known

from .catalog import load_formats
from .detect import detect
from .engine import borrow_scratch
from .sampling import take_records
from .trials import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from .format import Format, Sample
    from .logs import Binding


@dataclass(frozen=True)
class Judgement:
    """One expected value of one record of a sample, and what came out."""

    format: str
    place: str
    name: str
    wanted: Any
    got: Any

    @property
    def kind(self) -> str:
        """`right`; `missing` where nothing came out; else `wrong`, which is worse."""
        if self.got == self.wanted:
            return "right"
        return "missing" if self.got is None else "wrong"

    def __str__(self) -> str:
        return f"{self.place}: {self.name} is {self.got!r} instead of {self.wanted!r}"


def check_formats(formats: Sequence[Format] | None = None) -> list[str]:
    """Parse the samples of formats; say where a record does not become what is expected.

    A sample that fits for the most part must also be recognised without being told its format.

    Returns:
        One sentence for each difference; empty when all is well.
    """
    return [str(found) for found in judge_formats(formats) if found.kind != "right"]


def score_formats(formats: Sequence[Format] | None = None) -> str:
    """A table: of each format's samples, how many values come out right, missing and wrong."""
    counts: dict[str, Counter[str]] = {}
    for found in judge_formats(formats):
        counts.setdefault(found.format, Counter())[found.kind] += 1
    counts["all"] = sum(counts.values(), Counter[str]())
    lines = [f"{'format':<24}    right  missing    wrong"]
    lines += [
        f"{name:<24} {count['right']:>8} {count['missing']:>8} {count['wrong']:>8}"
        for name, count in counts.items()
    ]
    return "\n".join(lines)


def judge_formats(formats: Sequence[Format] | None = None) -> Iterator[Judgement]:
    """Every expected value of every sample, with what came out of parsing it."""
    formats = load_formats() if formats is None else formats
    for entry in formats:
        for number, sample in enumerate(entry.samples, 1):
            yield from _judge_sample(entry, sample, f"{entry.id}, sample {number}", formats)


def _judge_sample(
    entry: Format, sample: Sample, place: str, formats: Sequence[Format]
) -> Iterator[Judgement]:
    known = Known(format=entry.id, timezone=sample.timezone, day_first=sample.day_first)
    head = sample.text.encode()
    try:
        binding = detect(head, place, known, sample.endpoint_paths, formats)
        if binding.sampled["fits"] > ENOUGH * binding.sampled.total():
            told = detect(head, place, replace(known, format=None), (), formats).format.id
            yield Judgement(entry.id, place, "format", entry.id, told)
    except InputError as error:
        yield Judgement(entry.id, place, "format", entry.id, f"{error.what}: {error.reason}")
        return
    yield from _judge_records(entry, sample, place, binding)


def _judge_records(
    entry: Format, sample: Sample, place: str, binding: Binding
) -> Iterator[Judgement]:
    records = parse_head(sample.text.encode(), binding)
    yield Judgement(entry.id, place, "number of records", len(sample.expect), len(records))
    for number, (values, expected) in enumerate(zip(records, sample.expect, strict=False), 1):
        for name, wanted in ({"verdict": "keep"} | expected).items():
            value = values.get(name)
            told = ", ".join(value) if isinstance(value, list) else value
            # TOML has no null: an empty text stands for it.
            yield Judgement(
                entry.id, f"{place}, record {number}", name, None if wanted == "" else wanted, told
            )


def parse_head(head: bytes, binding: Binding) -> list[dict[str, Any]]:
    """The first records of a text as loading will see them.

    Returns:
        For each record the columns of scanning and, where it is kept, those of its first event;
        `also` is its second event.
    """
    kept: dict[int, list[dict[str, Any]]] = {}
    with borrow_scratch(binding.scan_sql, binding.fields_sql, binding.format.side) as scratch:
        scratch.parse(take_records(head, binding.split))
        scanned = _rows(scratch.con, "SELECT * FROM scanned ORDER BY byte_offset")
        places = [row["byte_offset"] for row in scanned]
        for row in _rows(scratch.con, "SELECT * FROM parsed ORDER BY byte_offset, event_uuid"):
            kept.setdefault(bisect_right(places, row["byte_offset"]), []).append(row)
    records = []
    for number, row in enumerate(scanned, 1):
        first, *others = kept.get(number, [{}])
        records.append(row | first | {"also": others[0]["event_uuid"] if others else None})
    return records


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
