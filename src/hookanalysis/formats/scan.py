"""A receiver's log → columns: shape first (sql/macros.sql), formats second.

Each record is one line of text or one JSON object, without its wrappers. What an object names is
taken by its names; what a line or a message shows is read by the scanner. The first format of the
file that a record fits refines it: it alone says the duration, the client's address and the ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .format import OWN, RECEIPT_TEXTS, FileFacts, Format, fill, literal, read_patterns, whole
from .texts import only_sql, open_sql, receipts_sql, search_sql, slow_values, sort_sql

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
# The texts that the scanner finds: the columns seen_… of log_fields.sql.
_SCANNED = (
    *("method", "target", "status", "source_ip", "request_id", "duration"),
    *("level", "message", "event_type"),
)
# Objects of an error within a request, where the objects of answers tell how long they took.
_TOOK = r'(?i)"[\w.-]*(?:response_?time|duration|elapsed|latency)\w*"'
_RETOLD = (
    """CASE WHEN contains(record, '"err') THEN regexp_matches(record, '"err(?:or)?": ?[{"]')"""
    rf" AND NOT regexp_matches(record, {literal(_TOOK)}) AND"
    r" regexp_matches(record, '(?i)\breq(?:uest)?_?id\W|\breq\W+id\W') ELSE FALSE END"
)
_HOOKS = read_patterns("hooks")
_TRACE = r"regexp_full_match(record, '(?s:' || traced() || ')\s*')"
_CHATTER = r"NOT regexp_matches(record, '[\x00-\x08\x0e-\x1f\x{fffd}]')"
# The time of a line's own, or of the line with its id before it; that of an indented line which
# tells of an event is the time of the line above, which is about one too.
_CARRIED = """CASE
  WHEN own_time IS NOT NULL THEN own_time
  WHEN tag IS NOT NULL THEN last_value(own_time IGNORE NULLS) OVER (
    PARTITION BY tag ORDER BY byte_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  WHEN may_be AND outer_time IS NULL AND regexp_matches(record, '^[ \t]')
    THEN nullif(last_value(CASE WHEN own_time IS NULL THEN NULL WHEN may_be THEN own_time
      ELSE '' END IGNORE NULLS) OVER (
      ORDER BY byte_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), '')
  END"""
# A server's error log without what it quotes of the request that it met.
_UNQUOTED = (
    """regexp_replace(record, '(?:request|upstream|referrer|host): "[^"]*"|"""
    r"""referer: \S+', '', 'g')"""
)


@dataclass(frozen=True)
class Log:
    """How the records of one log are read."""

    base: Format  # the names under which any program's objects say what happened
    texts: tuple[Format, ...]  # the formats of lines that the file holds, best first
    objects: tuple[Format, ...]  # the formats of objects that it holds, best first
    facts: FileFacts  # what is known of the file
    layer: str  # where it was written; lines without a time are chatter in all but edge logs


def scan_log(log: Log) -> str:
    """The statement over `chunk` that sorts the records of a log: see sql/load/scan.sql."""
    names = {f"{n}": entry.names.get("time", ()) for n, entry in enumerate(log.objects)}
    names |= {"base": log.base.names["time"], "said": log.base.names["message"], "day": ("date",)}
    keys = {alias.partition("/")[0] for aliases in names.values() for alias in aliases}
    opened, found = open_sql(names, keys)
    times = [
        (fits_object(entry), f"coalesce({found[str(n)]}, {found['base']})")
        for n, entry in enumerate(log.objects)
        if entry.names.get("time")
    ]
    aside = (f"regexp_matches(record, {literal(e.aside)})" for e in log.objects if e.aside)
    ignored = dict.fromkeys(e.ignore for e in (*log.texts, *log.objects) if e.ignore)
    trace, chatter = ("FALSE", "FALSE") if log.layer == "edge" else (_TRACE, _CHATTER)
    own = [e for e in log.texts if e.rank >= OWN]
    named = literal("|".join([_HOOKS["ids"], *log.facts.event_ids]))
    unnamed = f"NOT regexp_matches({_UNQUOTED}, {named})"
    records = fill(
        "log_scan",
        source=log.facts.source, opened=opened, said=found["said"], day=found["day"],
        time=case_sql(times, found["base"]),
        quiet=case_sql(
            [(fits_text("record", entry), unnamed) for entry in log.texts if entry.silent], "FALSE"
        ),
        aside=" OR ".join(aside) or "FALSE",
        told=f"regexp_full_match(record, {whole('|'.join(ignored))})" if ignored else "FALSE",
        trace=trace, chatter=chatter, hook=_hook(log.facts), objects=str(bool(log.facts.shapes)),
        tag="line_tag(record)" if log.facts.carried else "CAST(NULL AS VARCHAR)",
        line_at=_CARRIED if log.facts.carried else "own_time",
        own=_times(own), owned=str(bool(own)).upper(),
        otherwise=_times([e for e in log.texts if e.rank < OWN]),
    )  # fmt: skip
    return sort_sql(records, log.facts, alarms=log.layer == "app")


def _times(formats: Sequence[Format]) -> str:
    """The times that the patterns of some formats find in a line, as further arguments."""
    return "".join(
        f"nullif(regexp_extract(record, {pattern}, {number}), ''), "
        for entry in formats
        for pattern in [literal(rf"^(?:{entry.pattern})\s*$")]
        for number, group in enumerate(_groups(entry.pattern), 1)
        if group.startswith("time")
    )


def log_fields(log: Log) -> str:
    """The statement over `scanned` that makes the columns of a log's lines."""
    # The formats of objects, with a label each, and all their names by label and text.
    objects = [(str(number), entry) for number, entry in enumerate(log.objects)]
    entries = [*objects, ("base", log.base)]
    names = {f"{label}|{t}": known for label, e in entries for t, known in e.names.items()}
    met = {key for shape in log.facts.shapes for key in json.loads(shape)}
    opened, found = open_sql(names, met)
    paths, slow = slow_values(names)
    said = {}
    for text in RECEIPT_TEXTS:
        values = []
        for label, entry in entries:
            if (name := f"{label}|{text}") not in names:
                continue
            quick = f"CASE WHEN usual THEN {found[name]} ELSE {slow[name]} END"
            value = only_sql(entry, text, quick if met else slow[name])
            alone = f"CASE WHEN kind = '{label}' THEN {value} END"
            values.append(value if label == "base" else alone)
        if text in log.base.deep:
            values.append(only_sql(log.base, text, search_sql(log.base.deep[text])))
        said[text] = f"coalesce({', '.join(values)})" if values else "NULL"
    kinds = [(fits_object(entry), f"'{label}'") for label, entry in objects]
    which = [(f"g{n}.whole_line <> ''", str(n)) for n in range(len(log.texts))]
    texts = fill(
        "log_fields",
        source=fill("named", source="scanned WHERE verdict = 'keep'"),
        shapes=", ".join(map(literal, log.facts.shapes)) or "''", opened=opened,
        paths=", ".join(paths),
        kind=case_sql(kinds, "CAST(NULL AS VARCHAR)"),
        retold=_RETOLD if any(re.search(_TOOK, keys) for keys in log.facts.shapes) else "FALSE",
        which=case_sql(which, "CAST(NULL AS INTEGER)"),
        object_texts=", ".join(f"{value} AS o_{text}" for text, value in said.items()),
        groups="".join(_groups_sql(number, entry) for number, entry in enumerate(log.texts)),
        showing=", ".join([str(n) for n, e in enumerate(log.texts) if _shows(e)] or ["-1"]),
        texts=", ".join(f"{_final(log, text)} AS {text}" for text in RECEIPT_TEXTS),
        lead=literal(_LEAD), paired=str(log.facts.paired).upper(),
    )  # fmt: skip
    return receipts_sql(texts, log.facts)


def _groups_sql(number: int, entry: Format) -> str:
    """What the pattern of a format of lines finds in `text`, as a column."""
    groups = ", ".join(map(literal, ["whole_line", *_groups(entry.pattern)]))
    pattern = literal(rf"^(?P<whole_line>{entry.pattern})\s*$")
    return f", regexp_extract(text, {pattern}, [{groups}]) AS g{number}"


def _final(log: Log, text: str) -> str:
    """A text of a record: what its object says, what its format says, else what the scanner saw."""
    told = [_refine(number, entry, text) for number, entry in enumerate(log.texts)]
    refined = [f"WHEN {number} THEN {value}" for number, value in enumerate(told) if value]
    silent_of = [  # formats that say something of this text, if only that it is not told
        str(number)
        for number, entry in enumerate(log.texts)
        if told[number] or text in _REFINED or (text in _SHOWN and _shows(entry))
    ]
    own = f"CASE WHEN NOT retold THEN o_{text} END" if text in _SHOWN else f"o_{text}"
    values = [own, *([f"CASE which {' '.join(refined)} END"] if refined else [])]
    if text in _SCANNED:
        unread = f"which IS NULL OR which NOT IN ({', '.join(silent_of or ['-1'])})"
        values.append(f"CASE WHEN {unread} THEN seen_{text} END")
    value = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    mute = [f"{n}" for n, e in enumerate(log.objects) if e.layer == "edge" and text not in e.names]
    if text == "message" and mute:  # a server's words about every request say nothing of this one
        return f"CASE WHEN list_contains({mute}, kind) IS NOT TRUE THEN {value} END"
    return value


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
    return only_sql(entry, text, f"coalesce({', '.join(values)})") if values else ""


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


def case_sql(cases: Sequence[tuple[str, str]], otherwise: str) -> str:
    """The value of the first test that holds, as SQL."""
    told = " ".join(f"WHEN {test} THEN {value}" for test, value in cases)
    return f"CASE {told} ELSE {otherwise} END" if cases else otherwise


def _groups(pattern: str) -> list[str]:
    return re.findall(r"\(\?P<(\w+)>", pattern)


def _hook(facts: FileFacts) -> str:
    """Whether a line may be a webhook: a POST or PUT, an id, a known path, or a linked answer."""
    paths = [
        rf"(?:^|[\s\"'=(]|//[^/\s\"']*){re.escape(path)}(?:[?#\s\"'\\,;)]|$)"
        for path in facts.endpoint_paths
        if path != "/"
    ]
    told = "|".join([_HOOKS["ids"], "[Ss]ignature", *facts.event_ids, *paths])
    # Most lines are none, which one search for all signs tells fastest. Unlike AND and OR, a CASE
    # asks no more than it must.
    signs = f"{literal('|'.join([told, _HOOKS['posted'], _HOOKS['linked'], '']))} || opaque_id()"
    posted, linked, answered, others = (
        f"regexp_matches(record, {literal(_HOOKS[name])})"
        for name in ("posted", "linked", "answered", "others")
    )
    return (
        f"CASE WHEN NOT regexp_matches(record, {signs}) THEN FALSE"
        f" WHEN regexp_matches(record, {literal(told)} || '|' || opaque_id()) THEN TRUE"
        f" WHEN CASE WHEN {posted} THEN NOT quotes_request(record) ELSE FALSE END THEN TRUE"
        f" WHEN {linked} THEN CASE WHEN {answered} THEN NOT {others} ELSE FALSE END ELSE FALSE END"
    )
