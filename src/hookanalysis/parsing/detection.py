"""Which format a file has: told by its first records, parsed as all of them will be."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError
from hookanalysis.reading.splitting import Split
from hookanalysis.settings import Source

from .catalog import Format, load_formats
from .fields import fields_sql, scan_sql
from .forms import Fit, Form, literal
from .sampling import Header, find_header, normalise, take_records
from .texts import spell, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from hookanalysis.reading.records import Chunk

# Of the first records, more than this share must fit.
ENOUGH = 0.5
# Shapes of objects that are parsed the quick way.
_SHAPES = 16
# Column up to which a pattern must match a line to be its next of kin.
_WORTH_TELLING = 20
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
        """Records that fit, of all that do not pass by rule; a header alone is a whole table."""
        if not self.reasons:
            return float(bool(self.fit.columns))
        return self.reasons.count(None) / len(self.reasons)


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
            raise no_such_format(known.format)
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
    best = _choose(trials, enough=0.0 if known.format else ENOUGH, where=where)
    if best is None:
        raise _unfit(head, where, formats, trials, near)
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
        trial = _Trial(entry, split, form, fit)
        return trial if _matches(form, take_records(head, split)) else None
    shapes = _shapes(head, split) if head.lstrip()[:1] in {b"{", b"["} else ()
    keys = sorted({key for shape in shapes for key in json.loads(shape)})
    told = {normalise(key) for key in keys}
    found = {
        text
        for text, names in form.names.items()
        if told & {normalise(part) for name in names for part in (name, name.partition("/")[0])}
    }
    forbidden = told & {normalise(name) for name in entry.forbid}
    if forbidden or not all(found & set(group) for group in entry.require):
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
        either = tuple(None if a is None else b for a, b in pairs)
        reason = "some dates have the day first, some the month"
        return replace(trial, reasons=either, disorder=reason)
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


def open_engine() -> duckdb.DuckDBPyConnection:
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
    con = open_engine()
    con.register("chunk", chunk)
    rows = con.execute(
        f"SELECT reason FROM ({scan_sql(form, fit)}) WHERE verdict <> 'ignore' ORDER BY byte_offset"
    ).fetchall()
    return tuple(row[0] for row in rows)


def _matches(form: Form, chunk: Chunk) -> bool:
    """Whether a pattern fits any record of a chunk."""
    con = open_engine()
    con.register("chunk", chunk)
    pattern = literal(whole(form.pattern))
    rows = con.execute(
        f"SELECT count(*) FROM chunk WHERE regexp_full_match(record, {pattern})"
    ).fetchall()
    return bool(rows[0][0])


def _shapes(head: bytes, split: Split) -> tuple[str, ...]:
    """The keys of the first records, as a JSON list each, the most frequent first."""
    con = open_engine()
    con.register("chunk", take_records(head, split))
    rows = con.execute(
        """
        SELECT keys
        FROM (SELECT CAST(to_json(TRY(json_keys(record))) AS VARCHAR) AS keys FROM chunk)
        WHERE keys <> '[]'
        GROUP BY keys
        ORDER BY count(*) DESC, keys
        """
    ).fetchall()
    return tuple(row[0] for row in rows)


def _check_zone(name: str | None, where: str) -> str | None:
    """A zone's name as the database knows it."""
    if name is None or _OFFSET.fullmatch(name):
        return name
    query = (
        "SELECT name FROM pg_timezone_names() WHERE lower(name) = lower(?)"
        " AND (contains(name, '/') OR name IN ('UTC', 'GMT'))"
    )
    rows = open_engine().execute(query, [{"z": "UTC"}.get(name.lower(), name)]).fetchall()
    if not rows:
        raise InputError(
            f"there is no time zone {name!r}",
            where=where,
            hint="give a name such as America/Edmonton, or an offset such as -07:00",
        )
    return str(rows[0][0])


def no_such_format(name: str) -> InputError:
    """The error for a format id that nobody knows."""
    known = ", ".join(entry.id for entry in load_formats())
    return InputError(f"there is no format {name!r}", hint=f"one of: {known}")


def _unfit(
    head: bytes,
    where: str,
    formats: Sequence[Format],
    trials: Sequence[_Trial],
    near: Sequence[Header],
) -> InputError:
    """The error that says how far the best format got."""
    best = max(trials, key=lambda trial: trial.share, default=None)
    header = max(near, key=lambda header: len(header.columns), default=None)
    if header and (best is None or not best.share):
        return _bad_header(header, where)
    reason, line = "its first lines are like nothing that is known", 1
    if best:
        counts = Counter(reason for reason in best.reasons if reason)
        told = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        reason = f"{best.format.id} fits {best.share:.0%} of its first records ({told})"
    else:
        reached = [(*_reach(entry.form.pattern, head), entry.id) for entry in formats]
        column, line, name = max(reached, default=(0, 1, ""))
        if column >= _WORTH_TELLING:
            reason = f"{name} matched up to column {column}"
    return InputError(
        f"the file is no {formats[0].id}" if len(formats) == 1 else "no format fits the file",
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
    """How far a pattern matches: column and line, for the line of the first ten that goes best."""
    lines = head.decode("utf-8", "replace").splitlines()[:10]
    for stop in range(len(pattern), 0, -1):
        try:
            part = re.compile(pattern[:stop])
        except re.error:
            continue
        matches = [(part.match(line), -number) for number, line in enumerate(lines, 1)]
        column, line = max(((match.end(), n) for match, n in matches if match), default=(0, -1))
        if column:
            return column, -line
    return 0, 1
