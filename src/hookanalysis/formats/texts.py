"""Where the texts of a record stand: SQL that takes them out of lines, objects, and rows of tables.

Scanning takes only what decides about a record (its time, its event); of the records that are kept,
all texts are taken. A text is still as it was written; `fields.py` makes typed columns of it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .format import FileFacts, Format, literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


# One record may not become more text than this when its list is taken apart, bytes.
_SPREAD_LIMIT = 1 << 26
# What tells the event of a record that is about one; and texts that may be objects.
_DECISIVE = ("attempt_id", "event_id", "event_uuid", "idempotency", "payload")
_OBJECTS = ("message", "payload", "response", "error")
# A text or a number, as JSON writes them.
_SCALAR = r'("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'


def scan_texts(entry: Format, facts: FileFacts) -> str:
    """SELECT over `chunk`: line, byte_offset, part, record, time_text, misfit (sql/load/scan.sql).

    part: 0, or the number of the record among those that were taken out of one list.
    """
    wanted = entry.times
    if entry.is_table:
        wanted += tuple(text for text in _DECISIVE if text in entry.texts)
    names = {text: entry.names[text] for text in wanted if text in entry.names}
    keys = {alias.partition("/")[0] for aliases in names.values() for alias in aliases}
    opened, found = open_sql(names, keys)
    if entry.side == "receiver":
        found["time"] = f"coalesce({found.get('time', 'NULL')}, outer_time)"
    texts = (
        f"SELECT line, byte_offset, part, record, opened IS NULL AS closed,"
        f" {_select(found, wanted)}"
        f" FROM (SELECT *, TRY({opened}) AS opened FROM {spread(entry.each, facts.source)})"
    )
    time = f"coalesce({', '.join(entry.times)})"
    missing = f"{time} IS NULL"
    if entry.is_table:
        texts = _name_event(entry, texts)
        missing += " OR named_uuid IS NULL"
    missing += " OR coalesce(TRY(says_both(record)), FALSE)"
    reason = (
        "CASE WHEN closed THEN 'not_json' WHEN TRY(says_both(record)) THEN 'duplicate_key'"
        f" {_lacking(entry)} END"
    )
    return (
        "SELECT line, byte_offset, part, record,"
        " NULL::VARCHAR AS outer_time, NULL AS place, TRUE AS hook,"
        f" {time} AS time_text,"
        f" {_misfit(entry, f'closed OR {missing}', reason)} FROM ({texts})"
    )


def take_texts(entry: Format, facts: FileFacts) -> str:
    """SELECT over `scanned`: line, byte_offset, at, record, and all texts of the format's side.

    With the receiver's come the columns of sql/load/named.sql.
    """
    texts = _name_event(entry, _take_objects(entry, facts))
    return (
        _translate(entry, facts, texts)
        if entry.side == "sender"
        else _tell_step(entry, facts, texts)
    )


def spread(each: Sequence[str], source: str) -> str:
    """The records of `source`, or the elements of their list at the first path of `each`.

    An element stands as `each` in front of what else is in the object around it, without the list.
    An object in place of a list is its only element. An object without the list, or with an empty
    one, is one record. `part` numbers what came of one record.
    """
    if not each:
        return f"(SELECT *, 0 AS part FROM ({source}) WHERE record IS NOT NULL)"
    lists = []
    for path in each:
        outer, _, inner = path.rpartition("/")
        text = f"TRY(json_extract_string(record, {path_sql(outer)}))" if outer else "record"
        place = path_sql(inner)
        lists.append(
            f"nullif(TRY(CASE json_type({text}, {place})"
            f" WHEN 'OBJECT' THEN [json_extract({text}, {place})]"
            f" ELSE json_extract({text}, {place[:-1]}[*]') END), [])"
        )
    emptied = literal(json.dumps({path.partition("/")[0]: None for path in each}))
    return (
        "(SELECT line, byte_offset + part AS byte_offset, part, outer_time,"
        " CASE WHEN element IS NULL THEN record"
        f" WHEN strlen(around) * parts > {_SPREAD_LIMIT} THEN 'too long'"
        " ELSE '{\"each\":' || element || CASE WHEN around = '{}' THEN '}'"
        " ELSE ',' || around[2:] END END AS record"
        " FROM (SELECT *, UNNEST(elements) AS element, len(elements) AS parts,"
        f" generate_subscripts(elements, 1) - 1 AS part FROM (SELECT *,"
        f" TRY(CAST(json_merge_patch(record, {emptied}) AS VARCHAR)) AS around,"
        f" coalesce({', '.join(lists)}, [NULL]) AS elements"
        f" FROM ({source}) WHERE record IS NOT NULL)))"
    )


def _take_objects(entry: Format, facts: FileFacts) -> str:
    """All texts of objects: quickly where the keys are those of the first records, else one by one.

    Which way a record goes changes nothing but the time that it takes.
    """
    met = {key for shape in facts.shapes for key in json.loads(shape)}
    opened, found = open_sql(entry.names, met)
    paths, slow = slow_values(entry.names)
    told = {}
    for text in entry.names:
        told[text] = f"CASE WHEN usual THEN {found[text]} ELSE {slow[text]} END"
        if text in entry.deep:
            told[text] = f"coalesce({told[text]}, {search_sql(entry.deep[text])})"
    told = _only(entry, told)
    shapes = ", ".join(literal(shape) for shape in facts.shapes) or "''"
    usual = f"CAST(to_json(json_keys(record)) AS VARCHAR) IN ({shapes})"
    columns = _select(told, entry.texts)
    return (
        f'SELECT line, byte_offset, "at", record, {columns} FROM (SELECT *,'
        f" {opened} AS opened,"
        f" CASE WHEN NOT usual THEN json_extract_string(record, [{', '.join(paths)}]) END AS rest,"
        " list_transform(rest, lambda x: CASE WHEN NOT starts_with(x, '{') THEN x END)"
        " AS plain_rest"
        f" FROM (SELECT *, {usual} AS usual,"
        " contains(record, ':{') OR contains(record, ': {') AS nested"
        " FROM scanned WHERE verdict = 'keep'))"
    )


def search_sql(names: Iterable[str]) -> str:
    """The value under one of the names at any depth of a record, if all such values agree.

    A name may lead from an object into what is in it. One pattern looks for all of them: to take
    the record apart once for each would cost more than all else. Text inside of a text has its
    quotes escaped, and so holds no names.
    """
    keys = [r'"\s*:\s*\{[^{}]*"'.join(map(re.escape, name.split("/"))) for name in names]
    pattern = literal(rf'"(?:{"|".join(keys)})"\s*:\s*{_SCALAR}')
    return (
        f"CASE WHEN nested THEN TRY(json_extract_string(list_reduce("
        f"nullif(regexp_extract_all(record, {pattern}, 1), []),"
        " lambda one, other: CASE WHEN one = other THEN one END), '$')) END"
    )


def open_sql(
    names: Mapping[str, Sequence[str]], keys: Collection[str]
) -> tuple[str, dict[str, str]]:
    """SQL that takes `keys` out of a record in one pass, and what each text is of them."""
    outer = _outer_names(names)
    structure: dict[str, str] = {}
    found: dict[str, str] = {}
    for text, aliases in names.items():
        values = []
        for alias in _order_names(outer, aliases):
            key, _, inner = alias.partition("/")
            if key not in keys:
                continue
            twin = next((known for known in structure if known.lower() == key.lower()), key)
            structure.setdefault(twin, "VARCHAR")
            value = f"opened.{_quoted(key)}"
            if twin != key:  # names of a structure may not differ in case only
                value = f"TRY(json_extract_string(record, {path_sql(key)}))"
            if inner:
                value = (
                    f"CASE WHEN starts_with({value}, '{{') THEN"
                    f" TRY(json_extract_string({value}, {path_sql(inner)})) END"
                )
            elif text.rpartition("|")[2] not in _OBJECTS and key in outer:
                value = f"CASE WHEN NOT starts_with({value}, '{{') THEN {value} END"
            values.append(value)
        found[text] = f"nullif(coalesce({', '.join(values)}), '')" if values else "NULL"
    structure = structure or {"_": "VARCHAR"}
    return f"json_transform(record, {literal(json.dumps(structure))})", found


def slow_values(names: Mapping[str, Sequence[str]]) -> tuple[list[str], dict[str, str]]:
    """The paths of all names, and each text's value of what was found under them."""
    outer = _outer_names(names)
    places: dict[str, int] = {}
    slow = {}
    for name, aliases in names.items():
        ordered = [path_sql(alias) for alias in _order_names(outer, aliases)]
        numbers = [places.setdefault(path, len(places) + 1) for path in ordered]
        found = "rest" if name.rpartition("|")[2] in _OBJECTS else "plain_rest"
        # One expression for all names: to plan a CASE for each takes longer than a small file.
        slow[name] = f"nullif(list_any_value(list_select({found}, {numbers})), '')"
    return list(places), slow


def _order_names(outer: Collection[str], aliases: Iterable[str]) -> list[str]:
    """Names of one text as they are tried: what may turn out to be an object comes last."""
    return sorted(aliases, key=lambda alias: alias in outer)


def _outer_names(names: Mapping[str, Sequence[str]]) -> set[str]:
    """The names of objects that other names lead into."""
    return {
        alias[:end]
        for aliases in names.values()
        for alias in aliases
        for end in (found.start() for found in re.finditer("/", alias))
    }


def path_sql(alias: str) -> str:
    """The path of a key, as DuckDB reads it; a slash leads into an object."""
    return literal("$" + "".join("." + _quoted(part) for part in alias.split("/")))


def _lacking(entry: Format) -> str:
    """What to say of a row that lacks its event or its time: see sql/load/scan.sql."""
    untimed = "WHEN named_uuid IS NOT NULL AND attempt_id IS NOT NULL THEN 'untimed' "
    return (untimed if entry.untimed else "") + "ELSE 'missing_field'"


def _name_event(entry: Format, texts: str) -> str:
    """The rows with their event: from its id, its uuid, the payload, or the idempotency key."""
    keyed = "event_uuids(payload)"
    word = "[0-9A-Za-z_.:=+/-]"
    named = (
        f"CASE WHEN regexp_full_match(event_id, '{word}{{1,128}}')"
        " AND NOT regexp_full_match(event_id, '(?i)null|none|nil|n/?a|undefined|[-.]+')"
        " THEN event_id END"
    )
    by_text = {
        "event_id": ["uuid_of(event_id)", named],
        "event_uuid": ["uuid_of(event_uuid)"],
        "payload": [f"CASE WHEN payload <> '' THEN {keyed} END[1]"],
        "idempotency": [
            "uuid_of(idempotency)",
            f"CASE WHEN regexp_full_match(idempotency, '{word}{{8,128}}') THEN idempotency END",
        ],
    }
    ids = [
        name
        for text in ("event_id", "event_uuid", "payload", "idempotency")
        if text in entry.texts
        for name in by_text[text]
    ]
    return f"SELECT *, coalesce({', '.join(ids)}) AS named_uuid FROM ({texts})"


def _tell_step(entry: Format, facts: FileFacts, texts: str) -> str:
    """The rows of a receipts table with their event, and its state in our words as the message."""
    met = {key for shape in facts.shapes for key in json.loads(shape)}
    marked = met & set(entry.names.get("processed_at", ()))
    words = [f"WHEN {literal(word)} THEN {literal(to)}" for word, to in entry.words.items()]
    state = f"CASE lower(message) {' '.join(words)} ELSE message END" if words else "message"
    if marked:
        # Neither a word nor a date of zeros is a time.
        raised = "WHEN exception IS NOT NULL THEN 'failed'" if "exception" in entry.texts else ""
        step = (
            f"CASE WHEN regexp_matches(processed_at, '[1-9]') THEN 'processed' {raised}"
            " ELSE 'received' END"
        )
        state = f"coalesce({state}, {step})"
    code = (
        "coalesce(status, CASE WHEN regexp_full_match(message, '[1-5][0-9][0-9]') THEN message END)"
    )
    return (
        f"SELECT * REPLACE ({state} AS message, {code} AS status), named_uuid AS event_uuid,"
        f" [named_uuid] AS uuids FROM ({texts})"
    )


def _translate(entry: Format, facts: FileFacts, texts: str) -> str:
    """The rows with the sender's words for a status put into ours, and the file's endpoint."""
    words = [f"WHEN {literal(word)} THEN {literal(to)}" for word, to in entry.words.items()]
    status = f"CASE lower(status) {' '.join(words)} ELSE status END" if words else "status"
    url = "endpoint_url"
    if facts.endpoint_url:
        url = f"coalesce(endpoint_url, {literal(facts.endpoint_url)})"
    return f"SELECT * REPLACE ({status} AS status, {url} AS endpoint_url) FROM ({texts})"


def _quoted(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'


def _only(entry: Format, found: Mapping[str, str]) -> dict[str, str]:
    """Values of texts, as far as they look as the format says."""
    return {
        text: f"CASE WHEN regexp_full_match({value}, {literal(entry.only[text])}) THEN {value} END"
        if text in entry.only
        else value
        for text, value in found.items()
    }


def _misfit(entry: Format, unfit: str, reason: str) -> str:
    """Reason code of a record for which the SQL condition `unfit` holds."""
    return (
        f"CASE WHEN NOT ({unfit}) THEN NULL"
        f" WHEN regexp_full_match(record, {literal(entry.ignored)}) THEN 'ignored'"
        f" ELSE {reason} END AS misfit"
    )


def _select(found: Mapping[str, str], names: Iterable[str]) -> str:
    """The texts as columns, NULL where they are not found."""
    return ", ".join(f"{found.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in names)
