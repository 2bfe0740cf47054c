"""Which format a file has: told by its first records, parsed as all of them will be."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError
from hookanalysis.settings import Known

from .catalog import Format, load_formats
from .configs import read_log_formats
from .fields import fields_sql, scan_sql
from .forms import ATTEMPT_TEXTS, RECEIPT_TEXTS, Fit
from .headed import find_headers, read_sections
from .refusals import say_unfit
from .sampling import find_cells
from .trials import ENOUGH, Head, Trial, give_way, hold_trials, open_engine
from .wrappers import peel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hookanalysis.read.splitting import Split

    from .wrappers import Layer

# Wrappers that a time in front of any words looks like: the last resort would take all such lines
# for wrapped ones, and not for lines of a format that begin with a time.
_LIKE_TEXT = {("timed",), ("syslog_3164",)}
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
            time), verdict (keep, count, ignore, reject), reason, record (NULL unless kept,
            rejected, or the line of a stack trace that names an exception). NULL records are passed
            over.
        fields_sql: SELECT over `scanned`, the rows of `scan_sql`: the columns of the side's table
            from `line` on. A line that names several events gives several rows.
        sampled: How many of the first records fit (key `fits`), or not, by reason.
        wrappers: What is taken off the lines first, the outermost first.
    """

    format: Format
    split: Split
    timezone: str | None
    scan_sql: str
    fields_sql: str
    sampled: Counter[str]
    wrappers: tuple[str, ...] = ()


def detect(
    head: bytes,
    where: str,
    known: Known | None = None,
    endpoint_paths: Sequence[str] = (),
    formats: Sequence[Format] | None = None,
    headers: Sequence[tuple[int, str]] | None = None,
) -> Binding:
    """Choose the format that fits a file, by its content, and fit it.

    Args:
        head: First bytes of the normalised text.
        where: Path of the file, for errors.
        known: What the user says of the file: format, zone, order of dates.
        endpoint_paths: Paths whose lines are kept, whatever their method.
        formats: Formats to choose from; all by default.
        headers: The lines `#Fields: …` of the whole text, and the bytes at which they begin;
            those in `head` by default.

    Raises:
        UnfitError: No format fits; the table lacks a column.
        InputError: Several formats fit; the order of day and
            month, or the name of the zone, is unknown.
    """
    known = known or Known()
    formats = gather_formats(known) if formats is None else formats
    fit = Fit(
        _check_zone(known.timezone, where),
        known.day_first,
        sections=read_sections(find_headers(head) if headers is None else headers),
        endpoint_paths=tuple(endpoint_paths),
        endpoint_url=known.endpoint,
        event_ids=tuple(dict.fromkeys(e.event_id for e in formats if e.event_id)),
    )
    formats = _restrict(formats, known, where)
    best, layer = _search(head, formats, fit, known, where)
    if best.disorder:
        raise InputError(
            "the order of day and month is unknown",
            reason=best.disorder,
            where=where,
            hint="say it: `day_first = true` (or false) for the file under [[sources]]",
        )
    fit = replace(best.fit, source=layer.source)
    told = {
        key: getattr(known, key) or getattr(best.format, key) for key in ("time_marks", "layer")
    }
    if known.sampled or known.copytruncate:
        told["completeness"] = "sample" if known.sampled else "copytruncate"
    return Binding(
        replace(best.format, **told) if best.format.side == "receiver" else best.format,
        layer.split or best.split,
        fit.timezone,
        scan_sql(best.form, fit),
        fields_sql(best.form, fit),
        Counter(reason or "fits" for reason in best.reasons),
        layer.wrappers,
    )


def gather_formats(known: Known) -> Sequence[Format]:
    """The formats that a file may have: the user's own before those of the package.

    Raises:
        InputError: The user's own cannot be used.
    """
    formats = load_formats(known.formats)
    return [*read_log_formats(known.log_format), *formats] if known.log_format else formats


def _search(
    head: bytes, formats: Sequence[Format], fit: Fit, known: Known, where: str
) -> tuple[Trial, Layer]:
    """The format that fits a file best, and what is around its lines."""
    own = {entry.id for entry in formats} if known.log_format or known.formats else set()
    own -= {entry.id for entry in load_formats()}
    # A table's rows may begin with a time, as lines do.
    if find_cells(head) and not known.format:
        formats = [entry for entry in formats if not entry.form.pattern]
    found: list[tuple[Trial, Layer]] = []
    for layer in peel(head, open_engine()):
        # Only what programs print is wrapped: no table, and no sender's export.
        inside = [f for f in formats if f.side == "receiver" and f.split != "delimited"]
        told = replace(fit, source=layer.trial_source)
        trials, near = hold_trials(inside if layer.wrappers else formats, Head(layer.head), told)
        best = _choose(trials, enough=0.0 if known.format else ENOUGH, where=where)
        found += [(best, layer)] if best else []
        doubtful = own or (best and best.format.last)
        if best and not known.format and not (doubtful and layer.wrappers[-1:] in _LIKE_TEXT):
            break
    if not found:
        raise say_unfit(Head(head), where, formats, trials, near)
    return max(
        found, key=lambda pair: (not pair[0].format.last, pair[0].format.id in own, pair[0].share)
    )


def _restrict(formats: Sequence[Format], known: Known, where: str) -> Sequence[Format]:
    """The format that the user names, with the user's own names of columns; else all."""
    if known.format:
        named = [entry for entry in formats if entry.id == known.format]
        if not named:
            raise no_such_format(known.format)
        return [_rename(entry, known.columns or {}, where) for entry in named]
    if known.columns:
        raise InputError(
            "columns are given for no format",
            where=where,
            hint='name it beside them: format = "sender_table" (or sender_json)',
        )
    return formats


def _rename(entry: Format, columns: Mapping[str, str | list[str]], where: str) -> Format:
    """The format with the user's own names before those that it knows."""
    names = dict(entry.form.names)
    texts = ATTEMPT_TEXTS if entry.side == "sender" else RECEIPT_TEXTS
    for text, told in columns.items():
        if text not in texts:
            hint = f"one of: {', '.join(texts)}"
            raise InputError(f"{entry.id} has no field {text!r}", where=where, hint=hint)
        own = [told] if isinstance(told, str) else told
        names[text] = tuple(dict.fromkeys((*own, *names.get(text, ()))))
    return replace(entry, form=replace(entry.form, names=names))


def _choose(trials: Sequence[Trial], *, enough: float, where: str) -> Trial | None:
    """The best of the trials in which more than `enough` of the records fit."""
    fitting = give_way([trial for trial in trials if trial.share > enough])
    if not fitting:
        return None
    top = max(trial.share for trial in fitting)
    best = [trial for trial in fitting if trial.share == top]
    if len(best) > 1:
        raise InputError(
            "more than one format fits",
            reason=f"{' and '.join(t.format.id for t in best)} fit equally well",
            where=where,
            hint=f"name one: --format {best[0].format.id}",
        )
    return best[0]


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
