"""How a file is read: which of its formats, out of which wrappers; told by its first records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hookanalysis.errors import InputError
from hookanalysis.read.rows import find_header, find_headers, normalise
from hookanalysis.settings import Known
from hookanalysis.zones import read_offset

from .engine import connect_parser
from .format import FileFacts, Format, load_formats
from .logs import OBJECT, TEXT, Binding, overrule, read_log
from .refusals import say_unfit
from .templates import read_log_formats
from .texts import fields_sql, scan_sql
from .trials import ENOUGH, Beginning, Trial, give_way, hold_trials

# An id with the short name of its kind in front, as many senders' events have: evt_1P…, msg_2L….
# A digit or capital tells it from two words; of random ids one in a million has none.
_PREFIXED = (
    "[a-z]{1,8}_(?:[0-9A-Za-z]{0,20}[0-9A-Z][0-9A-Za-z]{9,63}"
    "|[0-9A-Za-z]{9,63}[0-9A-Z][0-9A-Za-z]{0,63})"
)


def detect(
    head: bytes,
    where: str,
    known: Known | None = None,
    endpoint_paths: Sequence[str] = (),
    formats: Sequence[Format] | None = None,
    headers: Sequence[tuple[int, str]] | None = None,
    newest: str | None = None,
) -> Binding:
    """Find out how a file is read, by its content alone.

    Args:
        head: First bytes of the normalised text.
        where: Path of the file, for errors.
        known: What the user says of the file: format, zone, order of dates.
        endpoint_paths: Paths whose lines are kept, whatever their method.
        formats: Formats to choose from; all by default.
        headers: The lines `#Fields: …` of the whole text, and the bytes at which they begin;
            those in `head` by default.
        newest: When the file was last written (`YYYY-MM-DD HH:MM:SS`, UTC).

    Raises:
        UnfitError: No format fits; the table lacks a column.
        InputError: Several formats of tables fit; the order of day and month, or the name of the
            zone, is unknown.
    """
    known = known or Known()
    formats = gather_formats(known) if formats is None else formats
    facts = FileFacts(
        _check_zone(known.timezone, where),
        known.day_first,
        endpoint_paths=tuple(endpoint_paths),
        endpoint_url=known.endpoint,
        event_ids=tuple(dict.fromkeys([_PREFIXED, *(e.event_id for e in formats if e.event_id)])),
        newest=newest or FileFacts.newest,
    )
    chosen = _restrict(formats, known, where)
    begin = look_at(head, formats, known)
    trials = hold_trials([entry for entry in chosen if not entry.is_log], begin, facts)
    best = _choose(trials, enough=0.0 if known.format else ENOUGH, where=where)
    binding = _bind_table(best, where, known) if best else None
    logs = [entry for entry in chosen if entry.is_log]
    if not binding and logs:
        base = {entry.id: entry for entry in load_formats()} | {e.id: e for e in formats}
        told = find_headers(head) if headers is None else headers
        binding = read_log(head, told, logs, (base[TEXT], base[OBJECT]), facts, known)
    if not binding:
        for trial in trials:
            _check_columns(trial, where)
        raise say_unfit(begin, where, chosen, trials)
    if binding.disorder:
        raise InputError(
            "the order of day and month is unknown",
            reason=binding.disorder,
            where=where,
            hint="say it: `day_first = true` (or false) for the file under [[sources]]",
        )
    return binding


def look_at(head: bytes, formats: Sequence[Format], known: Known) -> Beginning:
    """The beginning of a file, with its header if it has that of a table."""
    return Beginning(head, find_header(head, find_column(formats, known), most=not known.columns))


def find_column(formats: Sequence[Format], known: Known) -> Callable[[str], bool]:
    """Tells whether a column's name says something in some table, or is one of the user's own."""
    tables = [entry for entry in formats if entry.split == "rows"]
    names = {normalise(n) for entry in tables for ns in entry.names.values() for n in ns}
    for told in (known.columns or {}).values():
        names |= {normalise(name) for name in ([told] if isinstance(told, str) else told)}
    return lambda name: normalise(name) in names


def gather_formats(known: Known) -> Sequence[Format]:
    """The formats that a file may have: the user's own before those of the package.

    Raises:
        InputError: The user's own cannot be used.
    """
    formats = load_formats(known.formats)
    return [*read_log_formats(known.log_format), *formats] if known.log_format else formats


def _bind_table(best: Trial, where: str, known: Known) -> Binding:
    _check_columns(best, where)
    return Binding(
        overrule(best.format, known) if best.format.side == "receiver" else best.format,
        best.split,
        best.facts.timezone,
        scan_sql(best.format, best.facts),
        fields_sql(best.format, best.facts),
        Counter(reason or "fits" for reason in best.reasons),
        formats=(best.format.id,),
        disorder=best.disorder,
    )


def _check_columns(best: Trial, where: str) -> None:
    """Which of two columns of one name is meant is not guessed."""
    if twice := best.twice:
        raise InputError(
            "a column stands in the table twice",
            reason=f"{twice}; found: {', '.join(best.split.names)}",
            where=f"{where}:{best.split.skip_lines}",
            hint="remove or rename one of them",
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
    """The format with the user's own names before those that it knows; none is out of place."""
    names = dict(entry.names)
    for text, told in columns.items():
        if text not in entry.texts:
            hint = f"one of: {', '.join(entry.texts)}"
            raise InputError(f"{entry.id} has no field {text!r}", where=where, hint=hint)
        own = [told] if isinstance(told, str) else told
        names[text] = tuple(dict.fromkeys((*own, *names.get(text, ()))))
    return replace(entry, names=names, forbid=())


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
    if name is None or read_offset(name) is not None:
        return name
    query = (
        "SELECT name FROM pg_timezone_names() WHERE lower(name) = lower(?)"
        " AND (contains(name, '/') OR name IN ('UTC', 'GMT'))"
    )
    rows = connect_parser().execute(query, [{"z": "UTC"}.get(name.lower(), name)]).fetchall()
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
