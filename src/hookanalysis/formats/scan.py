"""A receiver's log → columns: shape first (sql/macros.sql), formats second.

Each record is one line of text or one JSON object, without its wrappers. What an object names is
taken by its names; what a line or a message shows is read by the scanner. The first format of the
file that a record fits refines it: it alone says the duration, the client's address and the ids.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalog import OWN
from .format import RECEIPT_TEXTS, fill, literal, whole
from .texts import open_sql, search_sql, slow_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .format import FileFacts, Format

# What stands between the time and the message: separators, the program's own time behind that of
# who took the line down, a process, a level.
_LEAD = (
    r"^[\])|:,;\s-]*"
    r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[\])|:,;\s-]*)?"
    r"(?:#\d+\]\s*)?"
    r"(?:(?:[a-z]+\.)?\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)\]?"
    r"[:|\s-]+)?"
)
# What only a format can tell of a line that it fits; the scanner is not asked for it then.
_REFINED = ("message", "source_ip", "duration")
_SHOWN = ("request", "method", "target", "status")
# A uuid, a key that names an event's or webhook's id, the word of a check.
_NAMED = (
    r"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    r"(?i:(?:event|webhook)[_.\s-]?id\W{1,6}\w)",
    r"(?i:event[_.\s-]?uuid)",
    "signature",
)
# A POST or PUT as a line shows it or names it; and an answer that an id links to its request.
_POSTED = r'(?:^|[\s"\'`(\[|,<>=:])(?:POST|PUT)(?:["\'}\s|,;]|: ?/)'
_LINKED = (
    r"(?i:(?:^|[^a-z])(?:req(?:uest)?|correlation|trace)[_-]?id[\"']?\s*(?:=>|[=:]))"
    r"|^\[[0-9a-f-]{16,36}\] "
)
_ANSWERED = (
    r"(?i)status[_.]?(?:code)?[\"']?\s*(?:=>|[=:])\s*[\"']?[1-5]\d\d\b"
    r"|\b(?:Completed|Sent|responded(?: with)?) [1-5]\d\d\b|\bduration(?:ms)?[\"']?:"
)
_OTHERS = r'(?:^|[\s"\'=(\[|])(?:GET|HEAD|OPTIONS|DELETE|PATCH)(?:["\'\s|,;}]|$)'

# The time of a line's own, or of the line with its id before it.
_CARRIED = """CASE WHEN own_time IS NULL AND tag IS NOT NULL
  THEN last_value(own_time IGNORE NULLS) OVER (
    PARTITION BY tag ORDER BY byte_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) ELSE own_time END"""


@dataclass(frozen=True)
class Log:
    """How the records of one log are read.

    Args:
        base: The names under which any program's objects say what happened.
        texts: The formats of lines that the file holds, best first.
        objects: The formats of objects that it holds, best first.
        facts: What is known of the file.
        layer: Where it was written; lines without a time are chatter in all but edge logs.
    """

    base: Format
    texts: tuple[Format, ...]
    objects: tuple[Format, ...]
    facts: FileFacts
    layer: str


def scan_records(log: Log) -> str:
    """SELECT over `chunk`: line, byte_offset, part, record, outer_time, time_text, misfit, hook."""
    names = {f"{n}": entry.names.get("time", ()) for n, entry in enumerate(log.objects)}
    names["base"] = log.base.names["time"]
    names["said"] = log.base.names["message"]
    names["day"] = ("date",)
    keys = {alias.partition("/")[0] for aliases in names.values() for alias in aliases}
    opened, found = open_sql(names, keys)
    cases = [
        f"WHEN {fits_object(entry)} THEN coalesce({found[str(n)]}, {found['base']})"
        for n, entry in enumerate(log.objects)
        if entry.names.get("time")
    ]
    time = f"CASE {' '.join(cases)} ELSE {found['base']} END" if cases else found["base"]
    silent = [e for e in log.texts if e.silent]
    quiet = _any(fits_text("record", entry) for entry in silent)
    aside = _any(f"regexp_matches(record, {literal(e.aside)})" for e in log.objects if e.aside)
    ignored = [e.ignore for e in (*log.texts, *log.objects) if e.ignore]
    told = (
        f"regexp_full_match(record, {whole('|'.join(dict.fromkeys(ignored)))})"
        if ignored
        else "FALSE"
    )
    trace = (
        "FALSE"
        if log.layer == "edge"
        else "regexp_full_match(record, '(?s:' || traced() || ')\\s*')"
    )
    chatter = (
        "FALSE"
        if log.layer == "edge"
        else "NOT regexp_matches(record, '[\\x00-\\x08\\x0e-\\x1f\\x{fffd}]')"
    )
    own = [e for e in log.texts if e.rank >= OWN]
    return fill(
        "log_scan", source=log.facts.source, opened=opened, time=time, said=found["said"],
        day=found["day"],
        quiet=quiet, aside=aside, told=told, trace=trace, chatter=chatter, hook=_hook(log.facts),
        tag="line_tag(record)" if log.facts.carried else "CAST(NULL AS VARCHAR)",
        line_at=_CARRIED if log.facts.carried else "own_time",
        own=_times(own), owned=str(bool(own)).upper(),
        otherwise=_times([e for e in log.texts if e.rank < OWN]),
    )  # fmt: skip


def _times(formats: Sequence[Format]) -> str:
    """The times that the patterns of some formats find in a line, as further arguments."""
    found = [
        f"nullif(regexp_extract(record, {literal(rf'^(?:{e.pattern})SPACE*$')}, {number}), '')"
        for e in formats
        for number, group in enumerate(_groups(e.pattern), 1)
        if group.startswith("time")
    ]
    return "".join(f"{value}, " for value in found).replace("SPACE*$", r"\s*$")


def take_fields(log: Log) -> str:
    """SELECT over `scanned`: line, byte_offset, at, record, uuids, event_uuid, and all texts."""
    objects, names = _object_names(log)
    met = {key for shape in log.facts.shapes for key in json.loads(shape)}
    opened, found = open_sql(names, met)
    paths, slow = slow_values(names)
    shapes = ", ".join(literal(shape) for shape in log.facts.shapes) or "''"
    said = {}
    for text in RECEIPT_TEXTS:
        values = []
        for label, entry in (*objects, ("base", log.base)):
            name = f"{label}|{text}"
            if name not in names:
                continue
            value = slow[name]
            if met:
                value = f"CASE WHEN usual THEN {found[name]} ELSE {value} END"
            if text in entry.only:
                fits = f"regexp_full_match({value}, {literal(entry.only[text])})"
                value = f"CASE WHEN {fits} THEN {value} END"
            values.append(
                value if label == "base" else f"CASE WHEN kind = '{label}' THEN {value} END"
            )
        if text in log.base.deep:
            deep = search_sql(log.base.deep[text])
            if text in log.base.only:
                fits = f"regexp_full_match({deep}, {literal(log.base.only[text])})"
                deep = f"CASE WHEN {fits} THEN {deep} END"
            values.append(deep)
        said[text] = f"coalesce({', '.join(values)})" if values else "NULL"
    kinds = " ".join(f"WHEN {fits_object(entry)} THEN '{label}'" for label, entry in objects)
    return fill(
        "log_fields",
        source=fill("named", source="scanned WHERE verdict = 'keep'"),
        shapes=shapes, opened=opened, paths=", ".join(paths),
        kind=f"CASE {kinds} END" if kinds else "CAST(NULL AS VARCHAR)",
        object_texts=", ".join(f"{value} AS o_{text}" for text, value in said.items()),
        groups=_groups_sql(log.texts), which=_which(log.texts),
        showing=", ".join([str(n) for n, e in enumerate(log.texts) if _shows(e)] or ["-1"]),
        texts=", ".join(f"{_final(log, text)} AS {text}" for text in RECEIPT_TEXTS),
        lead=literal(_LEAD),
    )  # fmt: skip


def _object_names(log: Log) -> tuple[list[tuple[str, Format]], dict[str, Sequence[str]]]:
    """The formats of objects with a label each, and all their names by label and text."""
    objects = [(str(number), entry) for number, entry in enumerate(log.objects)]
    names: dict[str, Sequence[str]] = {
        f"{label}|{text}": aliases
        for label, entry in (*objects, ("base", log.base))
        for text, aliases in entry.names.items()
    }
    return objects, names


def _groups_sql(texts: Sequence[Format]) -> str:
    """For each format of lines what its pattern finds in `text`, as a column of its own."""
    columns = []
    for number, entry in enumerate(texts):
        groups = ["whole_line", *_groups(entry.pattern)]
        pattern = literal(rf"^(?P<whole_line>{entry.pattern})\s*$")
        found = f"regexp_extract(text, {pattern}, [{', '.join(map(literal, groups))}])"
        columns.append(f", {found} AS g{number}")
    return "".join(columns)


def _which(texts: Sequence[Format]) -> str:
    cases = " ".join(f"WHEN g{n}.whole_line <> '' THEN {n}" for n in range(len(texts)))
    return f"CASE {cases} END" if cases else "CAST(NULL AS INTEGER)"


def _final(log: Log, text: str) -> str:
    """A text of a record: what its object says, what its format says, else what the scanner saw."""
    refined = []
    silent_of = []  # formats that say something of this text, if only that it is not told
    for number, entry in enumerate(log.texts):
        value = _refine(number, entry, text)
        if value:
            refined.append(f"WHEN {number} THEN {value}")
        if value or text in _REFINED or (text in _SHOWN and _shows(entry)):
            silent_of.append(str(number))
    values = [f"o_{text}"]
    if refined:
        values.append(f"CASE which {' '.join(refined)} END")
    scanned = _SCANNED.get(text)
    if scanned:
        if silent_of:
            unread = f"which IS NULL OR which NOT IN ({', '.join(silent_of)})"
            scanned = f"CASE WHEN {unread} THEN {scanned} END"
        values.append(scanned)
    value = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    mute = [str(n) for n, e in enumerate(log.objects) if e.layer == "edge" and text not in e.names]
    if text == "message" and mute:  # a server's words about every request say nothing of this one
        silent = ", ".join(map(literal, mute))
        return f"CASE WHEN list_contains([{silent}], kind) IS NOT TRUE THEN {value} END"
    return value


# What the scanner's columns of log_fields.sql are for each text.
_SCANNED = {
    "method": "seen_method",
    "target": "seen_target",
    "status": "seen_status",
    "source_ip": "seen_address",
    "request_id": "seen_id",
    "duration": "seen_duration",
    "level": "seen_level",
    "message": "seen_message",
    "event_type": "seen_type",
}


def _refine(number: int, entry: Format, text: str) -> str:
    """What a format of lines says of a text; durations add up, unless one was not measured (-1)."""
    groups = [g for g in _groups(entry.pattern) if re.sub(r"_\d$", "", g) == text]
    values = [f"nullif(g{number}.{group}, '')" for group in groups]
    if text.startswith("duration") and len(values) > 1:
        numbers = [f"TRY_CAST({value} AS DECIMAL(18, 6))" for value in values]
        known = " AND ".join(f"{value} >= 0" for value in numbers)
        values = [f"CASE WHEN {known} THEN CAST({' + '.join(numbers)} AS VARCHAR) END"]
    place = f"g{number}.rest" if "rest" in _groups(entry.pattern) else "text"
    found = [
        f"nullif(regexp_extract({place}, {literal(pattern)}, 1), '')"
        for pattern in entry.find.get(text, ())
    ]
    values = [*found, *values]
    if not values:
        return ""
    value = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    if text in entry.only:
        value = (
            f"CASE WHEN regexp_full_match({value}, {literal(entry.only[text])}) THEN {value} END"
        )
    return value


def _shows(entry: Format) -> bool:
    """Whether a format of lines shows the request itself."""
    return bool({"request", "target"} & set(_groups(entry.pattern)) | {"target"} & set(entry.find))


def fits_object(entry: Format) -> str:
    """Whether a `record`, whose keys are `met`, is an object of a format, as SQL."""
    keys = [key for key in entry.keys if "/" not in key]
    inner = [key.rpartition("/")[2] for key in entry.keys if "/" in key]
    tests = [f"list_has_all(met, [{', '.join(map(literal, keys))}])"] if keys else []
    tests += [f"contains(record, {literal(json.dumps(key))})" for key in inner]
    return " AND ".join(tests)


def fits_text(column: str, entry: Format) -> str:
    """Whether a column is a line of a format, as SQL."""
    return f"regexp_full_match({column}, {whole(entry.pattern)})"


def _any(tests: Iterable[str]) -> str:
    return " OR ".join(tests) or "FALSE"


def _groups(pattern: str) -> list[str]:
    return re.findall(r"\(\?P<(\w+)>", pattern)


def _hook(facts: FileFacts) -> str:
    """Whether a line may be a webhook: a POST or PUT, an id, a known path, or a linked answer."""
    paths = [
        rf"(?:^|[\s\"'=(]|//[^/\s\"']*){re.escape(path)}(?:[?#\s\"'\\,;)]|$)"
        for path in facts.endpoint_paths
        if path != "/"
    ]
    told = "|".join([*_NAMED, *facts.event_ids, *paths])
    # Most lines are none, which one search for all signs tells fastest. Unlike AND and OR, a CASE
    # asks no more than it must.
    signs = f"{literal(f'{told}|{_POSTED}|{_LINKED}|')} || opaque_id()"

    def shows(pattern: str) -> str:
        return f"regexp_matches(record, {literal(pattern)})"

    return (
        f"CASE WHEN NOT regexp_matches(record, {signs}) THEN FALSE"
        f" WHEN regexp_matches(record, {literal(told)} || '|' || opaque_id()) THEN TRUE"
        f" WHEN CASE WHEN {shows(_POSTED)} THEN NOT quotes_request(record) ELSE FALSE END THEN TRUE"
        f" WHEN {shows(_LINKED)} THEN CASE WHEN {shows(_ANSWERED)} THEN NOT {shows(_OTHERS)}"
        " ELSE FALSE END ELSE FALSE END"
    )
