"""Why a file cannot be read, in plain words: what it lacks, what to do; and a draft of a format."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from hookanalysis.errors import InputError
from hookanalysis.read.rows import find_table, name_columns, normalise
from hookanalysis.redaction import is_value, quote_names, redact
from hookanalysis.words import say

from .engine import connect_parser
from .format import ATTEMPT_TEXTS, RECEIPT_TEXTS, Format, load_formats
from .trials import Beginning, Trial, reach

# Least matched column at which a format is reported as the closest.
_WORTH_TELLING = 12
# How many names of columns or keys are quoted.
_QUOTED = 12
_MARKUP = re.compile(rb"\s*<[?!A-Za-z]")

# What to do, where the file is {file}.
_TRY = "`hookanalysis formats try {file}` shows how far each format got, and drafts one"
_OWN_LOG = f"tell the server's own log format (--log-format), or choose one (--format ID); {_TRY}"
_OWN_NAMES = "if it is {side}, say so for the file under [[sources]]: {told}; " + _TRY

# What the columns of a list, and the pieces of a line, may be: see guesses.toml.
_GUESSES = tomllib.loads(
    resources.files("hookanalysis").joinpath("guesses.toml").read_text(encoding="utf-8")
)
_COLUMNS = [(*told, _GUESSES["forms"].get(form, form)) for *told, form in _GUESSES["columns"]]
_WIDER, _SENT = _GUESSES["wider"], _GUESSES["sent"]
_RECEIVED, _DELIVERED = (re.compile(_GUESSES[key]) for key in ("received", "delivered"))
_PIECES = tuple((name, re.compile(pattern)) for name, pattern in _GUESSES["pieces"])
_WORD = re.compile(r"[\w.%+-]+")


class UnfitError(InputError):
    """A file that no format fits."""


def say_unfit(
    head: Beginning, where: str, formats: Sequence[Format], trials: Sequence[Trial]
) -> UnfitError:
    """The error for a file that no format fits, of those that were asked and nearly did."""
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
    """What the columns of a sender's list may be: text → name; `values` are their first ones."""
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
    """The error for a file of which every record was rejected, the first in `line`."""
    return UnfitError(
        "not one record of the file can be read",
        reason=f"it was read as {format_.id} ({format_.title}): {count_reasons(reasons)}",
        where=f"{where}:{line}",
        hint=_OWN_LOG.format(file=where),
    )


def count_reasons(reasons: Iterable[tuple[str, int]]) -> str:
    """Why records were rejected, and how many of them."""
    return "; ".join(f"{say(reason, 'rejects')} ({count:,})" for reason, count in reasons)


def draft_format(head: bytes, name: str) -> str:
    """A format file for a text, as TOML, with its first lines as the sample.

    What an id may not hold of `name` becomes an underscore.
    """
    begin = Beginning(head, find_table(head))
    records = [] if begin.table else begin.objects()
    lines = list(map(json.dumps, records))
    if not lines:
        lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    values = first_values(begin)
    header = int(bool(values) and not records and all(column in lines[0] for column in values))
    if records or header:
        body = _draft_names(values, "json" if records else "table")
    else:
        body = _draft_pattern(lines[0])
    sample = lines[: header + 2]
    expect = ", ".join(["{}"] * (len(sample) - header))
    return "\n".join(
        [
            f'id = "{re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "my_log"}"',
            'title = ""',
            body,
            "[[sample]]",
            f"text = {_text([disguise(line, values) for line in sample])}",
            f"expect = [{expect}]",
        ]
    )


def disguise(line: str, names: Iterable[str] = ()) -> str:
    """A line of the same form; of words that are no program's, nor `names`, each letter is an x."""
    query = "SELECT w FROM (SELECT UNNEST($1) AS w) WHERE regexp_full_match(lower(w), kept_words())"
    plain = connect_parser().execute(query, [_WORD.findall(line)]).fetchall()
    known, said, at = {*names, *(row[0] for row in plain)}, "", 0
    while at < len(line):
        name, found = _find_piece(line, at, set()) or ("", "")
        word = _WORD.match(line, at)
        at += len(found or (word[0] if word else line[at]))
        if found:
            said += redact(found) if name in {"request", "target"} else found
        elif word and (word[0] not in known or re.search(r"\d", word[0])):
            said += re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "1", word[0]))
        else:
            said += word[0] if word else line[at - 1]
    return said


def _text(lines: Sequence[str]) -> str:
    """Lines as a text of TOML."""
    text = "\n".join(lines) + "\n"
    if "'''" not in text and text.replace("\n", "").replace("\t", "").isprintable():
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _draft_names(values: Mapping[str, str], kind: str) -> str:
    """Names for a format of rows or objects, guessed by the first value of each column or key."""
    guesses = {} if is_received(values) else guess_columns(values)
    base = f"sender_{kind}"
    texts: Sequence[str] = ATTEMPT_TEXTS
    if not {"event_id", "attempted_at"} <= set(guesses):
        is_log = kind == "json"
        base, texts = ("app_json", RECEIPT_TEXTS) if is_log else ("showpass_csv", ATTEMPT_TEXTS)
        guesses = _guess_texts(values, base, texts)
    left = ", ".join(name for name in values if name not in guesses.values())
    # An object of a log is of a format by its keys.
    keys = list(guesses.values()) if texts is RECEIPT_TEXTS else []
    return "\n".join(
        [
            f'extends = "{base}"',
            *([f"keys = {json.dumps(keys, ensure_ascii=False)}"] if keys else []),
            "",
            f"# Without a meaning: {left or 'none'}. Meanings: {', '.join(texts)}.",
            "[names]",
            *(
                f"{text} = {json.dumps([name], ensure_ascii=False)}"
                for text, name in guesses.items()
            ),
            "",
        ]
    )


def _guess_texts(values: Mapping[str, str], base: str, texts: Sequence[str]) -> dict[str, str]:
    """What the columns or keys that `base` does not know may be, by how their values look."""
    names = next(entry.names for entry in load_formats() if entry.id == base)
    known = {normalise(alias) for aliases in names.values() for alias in aliases}
    guesses: dict[str, str] = {}
    for name in (name for name in values if normalise(name) not in known):
        text = next((text for text, form in _PIECES if form.fullmatch(values[name])), "")
        text = _SENT.get(text, text) if texts is ATTEMPT_TEXTS else text
        text = "event_uuid" if text == "uuid" else text
        if text in texts:
            guesses.setdefault(text, name)
    return guesses


def _draft_pattern(line: str) -> str:
    """A pattern for a line and others like it; what follows the last known piece is message."""
    pattern, at, sure = "", 0, ""
    named: set[str] = set()
    while at < len(line):
        piece = _find_piece(line, at, named)
        if piece:
            name, found = piece
            named.add(name)
            stands = _WIDER.get(name) or next(f.pattern for _, f in _PIECES if f.fullmatch(found))
            stands = re.sub(r"\(\?!.*\)$", "", stands)  # the database's engine cannot look ahead
            pattern += stands if name == "uuid" else f"(?P<{name}>{stands})"
            at, sure = at + len(found), pattern
        elif word := _WORD.match(line, at):
            pattern, at = pattern + r"[\w.%+-]+", word.end()
        else:
            pattern, at = pattern + re.escape(line[at]).replace("\\ ", " "), at + 1
    return (
        'extends = "app_text"\n'
        "# Does the time mark the start or the end of a request?\n"
        'time_marks = "end"\n\n'
        f"pattern = '''\n{sure}(?P<message>.*)'''\n"
    )


def _find_piece(line: str, at: int, named: set[str]) -> tuple[str, str] | None:
    if at and (line[at - 1].isalnum() or line[at - 1] in "._-"):
        return None
    for name, form in _PIECES:
        match = form.match(line, at) if name not in named else None
        if match:
            return name, match[0]
    return None
