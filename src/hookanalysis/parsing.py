"""Records → columns: which format a file has, and the statements that parse it.

A format is data (`formats/*.toml`); what it does is written down in SQL (`sql/load/*.sql`) and put
together in `fields.py`. Here one is chosen for a file, by its content alone, and fitted to it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .catalog import Format, Sample, load_formats
from .errors import InputError
from .fields import fields_sql, scan_sql, scrub_sql
from .forms import Fit, Form
from .texts import spell
from .reading import open_source
from .sampling import Header, find_header, normalise, take_records
from .settings import Source
from .splitting import Split

if TYPE_CHECKING:
    import duckdb

    from .records import Chunk

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

# Of the first records, more than this share must fit.
_ENOUGH = 0.5
# Shapes of objects that are parsed the quick way.
_SHAPES = 16
_OFFSET = re.compile(r"(?:UTC|GMT)?[+-]\d\d:?\d\d")


@dataclass(frozen=True)
class Binding:
    """A format fitted to one file.

    Args:
        format: The format.
        split: How the text becomes records.
        timezone: Zone for times that name none; None: unknown.
        scan_sql: SELECT over `chunk` (line, byte_offset, record): line, byte_offset, at (UTC; NULL
            where the zone is unknown), zoned (the time names its zone; NULL where there is no
            time), verdict (keep, count, ignore, reject), reason, record (NULL unless kept or
            rejected). NULL records are passed over.
        fields_sql: SELECT over `scanned`, the rows of `scan_sql`: the columns of the side's table
            from `line` on. A line that names several events gives several rows.
        sampled: How many of the first records fit (key `fits`), or not, by reason.
    """

    format: Format
    split: Split
    timezone: str | None
    scan_sql: str
    fields_sql: str
    sampled: Counter[str]


@dataclass(frozen=True)
class _Trial:
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
        """Records that fit, of all that do not pass by rule."""
        return self.reasons.count(None) / len(self.reasons) if self.reasons else 0.0


def detect(
    head: bytes,
    where: str,
    known: Source | None = None,
    endpoint_paths: Sequence[str] = (),
    formats: Sequence[Format] | None = None,
) -> Binding:
    """Choose the format that fits a file, by its content, and fit it.

    Args:
        head: First bytes of the normalised text.
        where: Path of the file, for errors.
        known: What the user says of the file: format, zone, order of dates.
        endpoint_paths: Paths whose lines are kept, whatever their method.
        formats: Formats to choose from; all by default.

    Raises:
        InputError: No format fits, or several; the table lacks a column; the order of day and
            month, or the name of the zone, is unknown.
    """
    known = known or Source()
    formats = load_formats() if formats is None else formats
    if known.format:
        formats = [entry for entry in formats if entry.id == known.format]
        if not formats:
            raise _no_such_format(known.format)
    fit = Fit(
        _check_zone(known.timezone, where), known.day_first, endpoint_paths=tuple(endpoint_paths)
    )
    trials: list[_Trial] = []
    near: list[Header] = []
    for entry in formats:
        fitted = _fit(entry, head, fit)
        if isinstance(fitted, Header):
            near.append(fitted)
        elif fitted:
            trials.append(_try(fitted, head))
    best = _choose(trials, enough=0.0 if known.format else _ENOUGH, where=where)
    if best is None:
        raise _unfit(head, where, known.format, trials, near)
    if best.disorder:
        raise InputError(
            "the order of day and month is unknown",
            reason=best.disorder,
            where=where,
            hint="say it: `day_first = true` (or false) for the file under [[sources]]",
        )
    return Binding(
        best.format,
        best.split,
        best.fit.timezone,
        scan_sql(best.form, best.fit),
        fields_sql(best.form, best.fit),
        Counter(reason or "fits" for reason in best.reasons),
    )


def _fit(entry: Format, head: bytes, fit: Fit) -> _Trial | Header | None:
    """The format with what can be learnt before parsing; the header where it lacks something."""
    form = entry.form
    if entry.split == "delimited":
        header = find_header(head, form.names, entry.require)
        if header is None or header.missing or header.twice:
            return header
        places = [header.columns.get(text, 0) for text in ("attempted_at", "created_at")]
        fit = replace(
            fit,
            columns=header.columns,
            width=header.split.columns,
            time_names=tuple(header.names[place - 1] for place in places if place),
        )
        return _Trial(entry, header.split, form, fit, len(header.columns))
    split = Split(entry.split)
    if form.pattern:
        return _Trial(entry, split, form, fit)
    shapes = _shapes(head, split)
    keys = sorted({key for shape in shapes for key in json.loads(shape)})
    told = {normalise(key) for key in keys}
    if not told or told & {normalise(name) for name in entry.forbid}:
        return None
    found = {
        text
        for text, names in form.names.items()
        if told & {normalise(part) for name in names for part in (name, name.partition("/")[0])}
    }
    if not all(found & set(group) for group in entry.require):
        return None
    if form.side == "sender":
        form = replace(form, names=spell(form.names, keys))
    return _Trial(entry, split, form, replace(fit, shapes=shapes[:_SHAPES]), len(found))


def _try(trial: _Trial, head: bytes) -> _Trial:
    """Parse the first records; find out the order of day and month where it matters."""
    chunk = take_records(head, trial.split)
    reasons = _judge(trial.form, trial.fit, chunk)
    if "bad_time" not in reasons or trial.fit.day_first is not None:
        return replace(trial, reasons=reasons)
    day, month = (replace(trial.fit, day_first=first) for first in (True, False))
    by_day, by_month = (_judge(trial.form, fit, chunk) for fit in (day, month))
    pairs = list(zip(by_day, by_month, strict=True))
    only_day = sum(a is None and b is not None for a, b in pairs)
    only_month = sum(b is None and a is not None for a, b in pairs)
    if only_day and only_month:
        reason = "some dates have the day first, some the month"
        return replace(trial, reasons=by_day, disorder=reason)
    if only_day or only_month:
        fit, reasons = (day, by_day) if only_day else (month, by_month)
        return replace(trial, fit=fit, reasons=reasons)
    if by_day == reasons:  # no such date is among them
        return replace(trial, reasons=reasons)
    reason = "in no date of the first records is either number above 12"
    return replace(trial, reasons=by_day, disorder=reason)


def _choose(trials: Sequence[_Trial], *, enough: float, where: str) -> _Trial | None:
    """The best of the trials in which more than `enough` of the records fit."""
    fitting = {t.format.id: t for t in trials if t.share > enough}
    for trial in list(fitting.values()):
        for other in trial.format.over:
            fitting.pop(other, None)
        base = fitting.get(trial.format.base or "")
        if base:
            better = (trial.share, trial.known) > (base.share, base.known)
            fitting.pop((base if better else trial).format.id)
    if not fitting:
        return None
    top = max(trial.share for trial in fitting.values())
    best = [trial for trial in fitting.values() if trial.share == top]
    if len(best) > 1:
        raise InputError(
            "more than one format fits",
            reason=f"{' and '.join(t.format.id for t in best)} fit equally well",
            where=where,
            hint=f"name one: --format {best[0].format.id}",
        )
    return best[0]


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
                if counts["fits"] > _ENOUGH * sum(counts.values()):
                    told = detect(head, place, replace(known, format=None), (), formats).format.id
                    if told != entry.id:
                        wrong.append(f"{place}: taken for {told}")
            except InputError as error:
                wrong.append(f"{place}: {error.what}: {error.reason}")
                continue
            wrong += [f"{place}, {text}" for text in _differences(sample, binding, head)]
    return wrong


def _differences(sample: Sample, binding: Binding, head: bytes) -> list[str]:
    con = _engine()
    chunk = take_records(head, binding.split)
    con.register("chunk", chunk)
    con.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {binding.scan_sql}")
    scans = con.execute("SELECT * FROM scanned ORDER BY byte_offset").fetchall()
    names = ("line", "byte_offset", "at", "zoned", "verdict", "reason")
    found = [dict(zip(names, row, strict=False)) for row in scans]
    result = con.execute(f"SELECT * FROM ({binding.fields_sql}) ORDER BY byte_offset")
    columns = [column[0] for column in result.description]
    by_place: dict[int, list[dict[str, object]]] = {}
    for row in result.fetchall():
        values = dict(zip(columns, row, strict=True))
        by_place.setdefault(values["line"], []).append(values)
    if len(found) != len(sample.expect):
        return [f"{len(found)} records instead of {len(sample.expect)}"]
    wrong = []
    for number, (scan, expected) in enumerate(zip(found, sample.expect, strict=True), 1):
        rows = by_place.get(scan["line"], [])
        values = scan | (rows[0] if rows else {}) | {"also": rows[1]["event_uuid"] if rows[1:] else None}
        for name, wanted in ({"verdict": "keep"} | expected).items():
            value = values.get(name)
            told = ", ".join(value) if isinstance(value, list) else value
            if told != (None if wanted == "" else wanted):
                wrong.append(f"record {number}: {name} is {told!r} instead of {wanted!r}")
    return wrong


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
        raise _no_such_format(name)
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
    con = _engine()
    con.register("chunk", take_records(head, binding.split))
    verdicts = con.execute(
        f"SELECT verdict, count(*), count(*) FILTER (NOT zoned) FROM ({binding.scan_sql})"
        " GROUP BY verdict ORDER BY verdict"
    ).fetchall()
    lines.append("verdicts: " + ", ".join(f"{verdict} {count}" for verdict, count, _ in verdicts))
    if any(unzoned for _, _, unzoned in verdicts):
        lines.append("its times name no zone: give it, such as --timezone America/Edmonton")
    return "\n".join(lines)


def _engine() -> duckdb.DuckDBPyConnection:
    """A cursor of a database in memory, so that samples are parsed as files will be."""
    return _memory().cursor()


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    import duckdb

    con = duckdb.connect(config={"threads": 1})
    con.execute("SET TimeZone = 'UTC'; SET enable_external_access = false")
    return con


def _judge(form: Form, fit: Fit, chunk: Chunk) -> tuple[str | None, ...]:
    """Why each record of a chunk does not fit; None where it does. Ignored ones are left out."""
    con = _engine()
    con.register("chunk", chunk)
    rows = con.execute(
        f"SELECT reason FROM ({scan_sql(form, fit)}) WHERE verdict <> 'ignore' ORDER BY byte_offset"
    ).fetchall()
    return tuple(row[0] for row in rows)


def _shapes(head: bytes, split: Split) -> tuple[str, ...]:
    """The keys of the first records, as a JSON list each, the most frequent first."""
    con = _engine()
    con.register("chunk", take_records(head, split))
    rows = con.execute(
        "SELECT keys FROM (SELECT CAST(to_json(TRY(json_keys(record))) AS VARCHAR) AS keys FROM chunk)"
        " WHERE keys <> '[]' GROUP BY keys ORDER BY count(*) DESC, keys"
    ).fetchall()
    return tuple(row[0] for row in rows)


def _check_zone(name: str | None, where: str) -> str | None:
    """A zone's name as the database knows it."""
    if name is None or _OFFSET.fullmatch(name):
        return name
    row = _engine().execute(
        "SELECT name FROM pg_timezone_names() WHERE lower(name) = lower(?)"
        " AND (contains(name, '/') OR name IN ('UTC', 'GMT'))",
        [{"z": "UTC"}.get(name.lower(), name)],
    ).fetchone()
    if row is None:
        raise InputError(
            f"there is no time zone {name!r}",
            where=where,
            hint="give a name such as America/Edmonton, or an offset such as -07:00",
        )
    return str(row[0])


def _no_such_format(name: str) -> InputError:
    known = ", ".join(entry.id for entry in load_formats())
    return InputError(f"there is no format {name!r}", hint=f"one of: {known}")


def _unfit(
    head: bytes, where: str, forced: str | None, trials: Sequence[_Trial], near: Sequence[Header]
) -> InputError:
    """The error that says how far the best format got."""
    best = max(trials, key=lambda trial: trial.share, default=None)
    header = max(near, key=lambda header: len(header.columns), default=None)
    if header and (best is None or not best.share):
        return _bad_header(header, where)
    reason, line = "its first lines are like nothing that is known", 1
    if best and best.share:
        counts = Counter(reason for reason in best.reasons if reason)
        told = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        reason = f"{best.format.id} fits {best.share:.0%} of its first records ({told})"
    else:
        reached = [(*_reach(trial.form.pattern, head), trial.format.id) for trial in trials]
        column, line, name = max(reached, default=(0, 1, ""))
        if column:
            reason = f"{name} matched up to column {column}"
    what = f"the file is no {forced}" if forced else "no format fits the file"
    return InputError(
        what,
        reason=reason,
        where=f"{where}:{line}",
        hint="see `hookanalysis formats`; a format of your own is one TOML file",
    )


def _bad_header(header: Header, where: str) -> InputError:
    found = f"found: {', '.join(header.names)}"
    where = f"{where}:{header.split.skip_lines}"
    if header.twice:
        return InputError(
            "a column stands in the table twice",
            reason=f"{header.twice[0]}; {found}",
            where=where,
            hint="remove or rename one of them",
        )
    missing = "; ".join(" or ".join(group) for group in header.missing)
    return InputError(
        "the table lacks a column",
        reason=f"missing: {missing}; {found}",
        where=where,
        hint="`hookanalysis formats showpass_csv` lists the names that are known",
    )


def _reach(pattern: str, head: bytes) -> tuple[int, int]:
    """How far a pattern matches: the column, and the line (of the first ten) where it gets furthest."""
    lines = head.decode("utf-8", "replace").splitlines()[:10]
    for stop in range(len(pattern), 0, -1):
        try:
            part = re.compile(pattern[:stop])
        except re.error:
            continue
        found = [(match.end(), -n) for n, line in enumerate(lines, 1) if (match := part.match(line))]
        if found and max(found)[0]:
            column, line = max(found)
            return column, -line
    return 0, 1
