"""A draft of a format file for a text that no format fits: the user's own log in a minute."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hookanalysis.read.rows import find_table, normalise
from hookanalysis.redaction import redact

from .catalog import load_formats
from .format import ATTEMPT_TEXTS, RECEIPT_TEXTS
from .parser import connect_parser
from .refusals import first_values, guess_columns, is_received
from .sampling import Beginning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What a piece of a line, or a value, may be; each text is found once, by the first that fits.
_PIECES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("time", r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"),
        ("time", r"\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?"),
        ("time", r"1\d{9}(?:\.\d+|\d{3})?(?!\d)"),
        ("request", r"[A-Z]{3,7} /\S* HTTP/[\d.]+"),
        ("method", r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b"),
        ("level", r"(?i:trace|debug|info|notice|warn|warning|error|critical|fatal)\b"),
        ("source_ip", r"(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
        ("uuid", r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ("target", r"(?:https?:/)?/[^\s\"'?<>]+[^\s\"'<>]*"),
        ("status", r"[1-5]\d\d(?![\w.])"),
        ("duration", r"\d+(?:\.\d+)? ?(?:us|µs|ms|s)\b"),
    )
)
# How a draft's pattern says it, where that is wider than what was found.
_WIDER = {
    "method": "[A-Z]+",
    "level": "[A-Za-z]+",
    "source_ip": "[0-9a-fA-F.:]+",
    "target": r"[^\s<>]+",
}
# What the pieces are in a sender's export.
_SENT = {"time": "attempted_at", "status": "http_status", "target": "endpoint_url"}
_WORD = re.compile(r"[\w.%+-]+")


def draft_format(head: bytes, name: str) -> str:
    """A format file for a text, as TOML, with its first lines as the sample.

    Args:
        head: First bytes of the text.
        name: Name for the format; what an id may not hold becomes an underscore.
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
