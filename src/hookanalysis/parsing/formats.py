"""Records → columns: the formats, which of them a file has, and the statements that parse it.

A format is data (`formats/*.toml`); what it does is written down in SQL (`sql/load/*.sql`) and put
together in `fields.py`. `detection.py` chooses one for a file, by its content alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import InputError
from hookanalysis.reading.sources import open_source
from hookanalysis.reading.splitting import Split
from hookanalysis.settings import Source

from .catalog import Format, Sample, load_formats
from .detection import Binding, detect, no_such_format
from .fields import scrub_sql
from .sampling import take_records
from .trials import ENOUGH, open_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

__all__ = [
    "Binding",
    "Format",
    "Sample",
    "Split",
    "check_formats",
    "describe_format",
    "detect",
    "list_formats",
    "load_formats",
    "scrub_sql",
    "try_file",
]


def list_formats() -> tuple[Format, ...]:
    """All formats of the package, by id."""
    return load_formats()


def describe_format(name: str) -> str:
    """What is known of one format: its form, and its samples.

    Raises:
        InputError: There is no such format.
    """
    entry = next((entry for entry in load_formats() if entry.id == name), None)
    if entry is None:
        raise no_such_format(name)
    facts = {
        "id": entry.id,
        "title": entry.title,
        "side": entry.side,
        "layer": entry.layer or "",
        "records": entry.split,
        "times": f"{entry.time_marks} of the request" if entry.time_marks else "",
        "url": entry.url,
        "pattern": entry.form.pattern,
    }
    lines = [f"{key:<8} {value}" for key, value in facts.items() if value]
    lines += [f"  {text:<15} {', '.join(names)}" for text, names in entry.form.names.items()]
    for number, sample in enumerate(entry.samples, 1):
        lines += [f"sample {number}", *(f"  {line}" for line in sample.text.splitlines())]
    return "\n".join(lines)


def try_file(path: Path) -> str:
    """Which format fits a file, and how well its first records do; nothing is loaded.

    Raises:
        InputError: The file cannot be read, or no format fits.
    """
    head = open_source(path, max_text_bytes=1 << 62).head()
    if not head.strip():
        return f"{path} is empty"
    binding = detect(head, str(path))
    entry, counts = binding.format, dict(binding.sampled)
    fitting = counts.pop("fits", 0)
    lines = [
        f"{path} is {entry.id}: {entry.title}",
        f"{fitting} of the first {fitting + sum(counts.values())} records fit",
    ]
    lines += [f"{count} do not: {reason}" for reason, count in sorted(counts.items())]
    con = open_engine()
    con.register("chunk", take_records(head, binding.split))
    verdicts = con.execute(
        f"SELECT verdict, count(*), count(*) FILTER (NOT zoned) FROM ({binding.scan_sql})"
        " GROUP BY verdict ORDER BY verdict"
    ).fetchall()
    lines.append("verdicts: " + ", ".join(f"{verdict} {count}" for verdict, count, _ in verdicts))
    if any(unzoned for _, _, unzoned in verdicts):
        lines.append("its times name no zone: give it, such as --timezone America/Edmonton")
    return "\n".join(lines)


def check_formats(formats: Sequence[Format] | None = None) -> list[str]:
    """Parse the samples of formats; say where a record does not become what is expected.

    A sample that fits for the most part must also be recognised without being told its format.

    Returns:
        One sentence for each difference; empty when all is well.
    """
    formats = load_formats() if formats is None else formats
    wrong: list[str] = []
    for entry in formats:
        for number, sample in enumerate(entry.samples, 1):
            place = f"{entry.id}, sample {number}"
            known = Source("*", entry.id, sample.timezone, day_first=sample.day_first)
            head = sample.text.encode()
            try:
                binding = detect(head, place, known, sample.endpoint_paths, formats)
                counts = binding.sampled
                if counts["fits"] > ENOUGH * sum(counts.values()):
                    told = detect(head, place, replace(known, format=None), (), formats).format.id
                    if told != entry.id:
                        wrong.append(f"{place}: taken for {told}")
            except InputError as error:
                wrong.append(f"{place}: {error.what}: {error.reason}")
                continue
            wrong += [f"{place}, {text}" for text in _differences(sample, binding, head)]
    return wrong


def _differences(sample: Sample, binding: Binding, head: bytes) -> list[str]:
    con = open_engine()
    con.register("chunk", take_records(head, binding.split))
    con.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {binding.scan_sql}")
    scanned = _rows(con, "SELECT * FROM scanned ORDER BY byte_offset")
    kept: dict[int, list[dict[str, Any]]] = {}
    for row in _rows(con, f"SELECT * FROM ({binding.fields_sql}) ORDER BY byte_offset, event_uuid"):
        kept.setdefault(row["line"], []).append(row)
    if len(scanned) != len(sample.expect):
        return [f"{len(scanned)} records instead of {len(sample.expect)}"]
    wrong = []
    for number, (row, expected) in enumerate(zip(scanned, sample.expect, strict=True), 1):
        first, *others = kept.get(row["line"], [{}])
        values = row | first | {"also": others[0]["event_uuid"] if others else None}
        for name, wanted in ({"verdict": "keep"} | expected).items():
            value = values.get(name)
            told = ", ".join(value) if isinstance(value, list) else value
            if told != (None if wanted == "" else wanted):
                wrong.append(f"record {number}: {name} is {told!r} instead of {wanted!r}")
    return wrong


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
