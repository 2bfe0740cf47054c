"""Why a file cannot be read, in plain words: what it looks like, what it lacks, what to do."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import InputError
from hookanalysis.read.rows import name_columns
from hookanalysis.redaction import is_value, quote_names
from hookanalysis.words import say

from .trials import reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .format import Format
    from .sampling import Beginning
    from .trials import Trial

# Least matched column at which a format is reported as the closest.
_WORTH_TELLING = 12
# How many names of columns or keys are quoted.
_QUOTED = 12
_MARKUP = re.compile(rb"\s*<[?!A-Za-z]")

# What to do, where the file is {file}.
_TRY = "`hookanalysis formats try {file}` shows how far each format got, and drafts one"
_OWN_LOG = f"tell the server's own log format (--log-format), or choose one (--format ID); {_TRY}"
_OWN_NAMES = "if it is {side}, say so for the file under [[sources]]: {told}; " + _TRY

# What a column is, told by its name and its first value; of each text, the first that fits.
_AT = r"\d{4}[-/]\d\d?[-/]\d\d?[T ]\d\d:.*|1\d{9}(?:\d{3}){0,3}(?:\.\d+)?|\w{3}, \d.* GMT"
_ID = r"(?=.*\d)[\w.:+-]{2,128}"
_COLUMNS = (
    ("event_id", r"(?:event|message|msg|notification|webhook)(?: ?(?:id|uuid|guid|ref|key))?", _ID),
    ("event_id", r".*\b(?:uuid|guid|ref|key|ticket)", _ID),
    ("event_id", r".*\bid", _ID),
    ("attempted_at", r".*(?:attempt|sent|deliver|receiv|arriv).*", _AT),
    ("attempted_at", r".*(?:time|date|created|when).*", _AT),
    ("attempted_at", r".*", _AT),
    ("http_status", r".*(?:status|code|response|answer|result).*", r"[1-5]\d\d(?: .*)?"),
    ("status", r".*(?:status|state|outcome|result|success|delivered)", r"[A-Za-z_ -]+"),
    ("endpoint_url", r".*", r"https?://\S+"),
    ("event_type", r".*(?:type|topic|event|kind)", r"[A-Za-z][\w-]*(?:[./:]\w+)*"),
    ("error", r".*(?:error|reason|exception|why).*", r".*"),
)
# Names that a receiver gives to what it was sent, and those that only a sender gives.
_RECEIVED = re.compile(r"receiv|process|handled|arriv|insert|exception")
_DELIVERED = re.compile(r"deliver|endpoint|response|target|callback")


class UnfitError(InputError):
    """A file that no format fits."""


def say_unfit(
    head: Beginning, where: str, formats: Sequence[Format], trials: Sequence[Trial]
) -> UnfitError:
    """The error for a file that no format fits.

    Args:
        head: Its beginning.
        where: Its path.
        formats: The formats that were asked.
        trials: Those that might have fitted.
    """
    best = max(trials, key=lambda trial: (trial.share, trial.known), default=None)
    if best and best.missing:
        missing = "; ".join(" or ".join(group) for group in best.missing)
        return UnfitError(
            "the table lacks a column",
            reason=f"missing: {missing}; found: {quote_names(head.columns)}",
            where=f"{where}:{best.split.skip_lines}",
            hint=draft_columns(head).format(file=where),
        )
    reason, place, hint = _say_likeness(head, formats, best)
    if hint is _OWN_NAMES:
        hint = draft_columns(head)
    one = formats[0] if len(formats) == 1 else None
    return UnfitError(
        f"the file is no {one.id} ({one.title})" if one else "no format fits the file",
        reason=reason,
        where=f"{where}:{place}",
        hint=hint.format(file=where),
    )


def draft_columns(head: Beginning) -> str:
    """What to do with a table, or with objects, of unknown names: the settings that they may need.

    A file is a sender's list unless its names are those of a receiver's table.
    """
    values = first_values(head)
    guesses = guess_columns(values)
    kind = "json" if head.text.lstrip()[:1] in {b"{", b"["} else "table"
    if is_received(values):
        side, entry = "a receiver's table", f"receipts_{kind}"
        columns = {text: guesses.get(text, "…") for text in ("event_id", "attempted_at")}
        columns["time"] = columns.pop("attempted_at")
    else:
        side, entry = "a sender's list", f"sender_{kind}"
        answer = {} if {"status", "http_status"} & set(guesses) else {"http_status": "…"}
        columns = {"event_id": "…", "attempted_at": "…"} | answer | guesses
    told = (f"{text} = {json.dumps(n, ensure_ascii=False)}" for text, n in columns.items())
    settings = f'format = "{entry}", columns = {{{", ".join(told)}}}'
    plain = settings.replace("{", "{{").replace("}", "}}")
    return _OWN_NAMES.format(side=side, told=plain, file="{file}")


def is_received(names: Iterable[str]) -> bool:
    """Whether names of columns are those of a receiver's own table."""
    told = " ".join(names).lower()
    return bool(_RECEIVED.search(told)) and not _DELIVERED.search(told)


def guess_columns(values: Mapping[str, str]) -> dict[str, str]:
    """What the columns of a sender's list may be: text → name.

    Args:
        values: Names of columns (of keys as paths), each with its first value.
    """
    found: dict[str, str] = {}
    for text, named, form in _COLUMNS:
        for name, value in values.items():
            if text in found or name in found.values():
                continue
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", " ", name).lower().strip()
            if re.fullmatch(named, words) and re.fullmatch(form, value):
                found[text] = name
    return found


def first_values(head: Beginning) -> dict[str, str]:
    """The columns of a table, or the paths of objects' keys, with the first value of each.

    None, if one is rather a value: the others may be values as well.
    """
    found = dict.fromkeys(name_columns(head.columns), "")
    for record in head.objects():
        for name, value in _paths(record):
            found[name] = found.get(name) or value
    return {} if any(map(is_value, found)) else found


def _paths(value: Any, name: str = "", depth: int = 4) -> Iterator[tuple[str, str]]:
    """The values inside of an object, each with the path of its key."""
    if isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _paths(inner, f"{name}/{key}" if name else key, depth - 1)
    elif name and not isinstance(value, (dict, list)):
        yield name, "" if value is None else str(value)


def _say_likeness(
    head: Beginning, formats: Sequence[Format], best: Trial | None
) -> tuple[str, str, str]:
    """What a file looks like and what it lacks; line (and column) of it; what to do."""
    if best:
        fits = f"only {best.share:.0%}" if best.share else "none"
        told = f"it looks like {best.format.id} ({best.format.title}), but {fits} of its first"
        reasons = count_reasons(Counter(filter(None, best.reasons)).most_common())
        hint = _OWN_LOG if best.format.pattern else _OWN_NAMES
        return f"{told} records can be read: {reasons}", "1", hint
    if head.table:
        told = "it looks like a table, but its columns are none that are known: "
        return f"{told}{quote_names(head.columns, _QUOTED)}", "1", _OWN_NAMES
    if keys := sorted({key for record in head.objects() for key in record}):
        told = "its records are JSON objects, but have no key that is known for their time, or for"
        return f"{told} what happened; their keys: {quote_names(keys, _QUOTED)}", "1", _OWN_NAMES
    if _MARKUP.match(head.text):
        return "it is XML or HTML, which no known log is written in", "1", _TRY
    # A pattern that anything may begin gets far in any line: that is no likeness.
    patterns = [f for f in formats if f.pattern and not f.pattern.startswith(".*")]
    reached = [(*reach(f.pattern, head.text), f) for f in patterns]
    column, line, nearest = max(reached, key=lambda row: row[:2], default=(0, 1, None))
    # Of a log that is no format's in particular, any line with a time is read.
    lack = "" if len(formats) == 1 else "hardly any of its first lines tells a time; "
    if nearest is None or column < _WORTH_TELLING:
        told = "it is neither a table nor JSON, and its lines begin like those of no known log"
        return f"{lack}{told}", "1", _OWN_LOG
    told = f"line {line} begins like {nearest.id} ({nearest.title}), but from column {column + 1}"
    return f"{lack}{told} on it is something else", f"{line}:{column + 1}", _OWN_LOG


def say_unlike(
    format_: Format, where: str, line: int, reasons: Iterable[tuple[str, int]]
) -> UnfitError:
    """The error for a file of which every record was rejected.

    Args:
        format_: What it was read as.
        where: Its path.
        line: The first rejected line.
        reasons: Why, and how many of them.
    """
    return UnfitError(
        "not one record of the file can be read",
        reason=f"it was read as {format_.id} ({format_.title}): {count_reasons(reasons)}",
        where=f"{where}:{line}",
        hint=_OWN_LOG.format(file=where),
    )


def count_reasons(reasons: Iterable[tuple[str, int]]) -> str:
    """Why records were rejected, and how many of them."""
    return "; ".join(f"{say(reason, 'rejects')} ({count:,})" for reason, count in reasons)
