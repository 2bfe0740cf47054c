"""The SQL that turns the rows of a table into columns, put together from sql/load/*.sql.

Everything here is text. A format says how the texts of a record are found (by names of JSON keys or
columns), the facts of a file what was learnt of it. Both are known before the first record is
parsed, so DuckDB runs the same two statements over every chunk of the file. Scanning takes only
what decides about a record (its time, its event); of the records that are kept, all texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from hookanalysis.zones import read_offset

from .format import FileFacts, Format, fill, literal

# One record may not become more text than this when its list is taken apart, bytes.
_SPREAD_LIMIT = 1 << 26
# What tells the event of a record that is about one; and texts that may be objects.
_DECISIVE = ("attempt_id", "event_id", "event_uuid", "idempotency", "payload")
_OBJECTS = ("message", "payload", "response", "error")
# What objects about a request and its answer are called.
_PARENTS = {"request": r"(?:http[_.]?)?req(?:uest)?", "response": r"(?:http[_.]?)?resp?(?:onse)?"}
# An object's members before one, with objects of one level.
_BEFORE = r'"\s*:\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*"'
# A text or a number, as JSON writes them.
_SCALAR = r'("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)'

_PRIVATE_IP = (
    r"^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|"
    r"100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe80)"
)


def scan_sql(entry: Format, facts: FileFacts) -> str:
    """The statement over `chunk` that sorts a table's records: see sql/load/scan.sql.

    part: 0, or the number of the record among those that were taken out of one list.
    """
    wanted = (*entry.times, *(text for text in _DECISIVE if text in entry.texts))
    names = {text: entry.names[text] for text in wanted if text in entry.names}
    keys = {alias.partition("/")[0] for aliases in names.values() for alias in aliases}
    opened, found = open_sql(names, keys)
    texts = (
        f"SELECT line, byte_offset, part, record, opened IS NULL AS closed,"
        f" {_select(found, wanted)}"
        f" FROM (SELECT *, TRY({opened}) AS opened FROM {_spread(entry.each, facts.source)})"
    )
    time = f"coalesce({', '.join(entry.times)})"
    untimed = "named_uuid IS NOT NULL AND attempt_id IS NOT NULL" if entry.untimed else "FALSE"
    return sort_sql(
        f"""SELECT
          line, byte_offset, part, record, NULL::VARCHAR AS outer_time, NULL AS place,
          TRUE AS hook, {time} AS time_text,
          CASE
            WHEN NOT closed AND {time} IS NOT NULL AND named_uuid IS NOT NULL
               AND TRY(says_both(record)) IS NOT TRUE THEN NULL
            WHEN regexp_full_match(record, {literal(entry.ignored)}) THEN 'ignored'
            WHEN closed THEN 'not_json'
             WHEN TRY(says_both(record)) THEN 'duplicate_key'
            WHEN {untimed} THEN 'untimed'
            ELSE 'missing_field'
          END AS misfit
        FROM ({_name_event(entry, texts)})""",
        facts,
    )


def fields_sql(entry: Format, facts: FileFacts) -> str:
    """The statement over `scanned` that makes the columns of the side's table."""
    texts = _name_event(entry, _take_objects(entry, facts))
    if entry.side == "receiver":
        return receipts_sql(_tell_step(entry, facts, texts), facts)
    # The sender's words for a status, and where all attempts of the file went.
    status, url = _translate(entry, "status"), literal(facts.endpoint_url or "")
    replaced = f"{status} AS status, coalesce(endpoint_url, nullif({url}, '')) AS endpoint_url"
    texts = f"SELECT * REPLACE ({replaced}) FROM ({texts})"
    if "created_at" not in entry.names:
        return fill("attempts", texts=f"SELECT *, CAST(NULL AS BIGINT) AS micros FROM ({texts})")
    return fill("attempts", texts=_times(texts, "created_at", facts))


def sort_sql(records: str, facts: FileFacts, *, alarms: bool = False) -> str:
    """The statement that sorts records by what becomes of them."""
    return fill(
        "scan",
        records=_times(records, "time_text", facts),
        raised="regexp_matches(record, raised())",
        alarms="alarms(record)" if alarms else "FALSE",
        zone_given=str(bool(facts.timezone or facts.zones_named)).upper(),
    )


def receipts_sql(texts: str, facts: FileFacts) -> str:
    """The statement that makes the columns of a receiver's lines of their texts."""
    # The senders' event ids are a part of a pattern inside of a constant; "$." never fits.
    ids = literal("|".join(facts.event_ids) or "$.")
    return fill("receipts", texts=texts, ids=ids, private_ip=literal(_PRIVATE_IP))


def _times(relation: str, column: str, facts: FileFacts) -> str:
    in_zone, in_zone_later = _in_zone(facts.timezone)
    line_zone = "CAST(NULL AS VARCHAR)"
    if facts.zones_named:
        line_zone = rf"nullif(regexp_extract({column}, ' ([A-Z]\w+/[\w/+-]+)$', 1), '')"
        own, own_later = _in_named_zone("line_zone")
        in_zone = f"CASE WHEN line_zone IS NULL THEN {in_zone} ELSE TRY({own}) END"
        in_zone_later = (
            f"CASE WHEN line_zone IS NULL THEN {in_zone_later} ELSE TRY({own_later}) END"
        )
    return fill(
        "times",
        relation=f"({relation})",
        time=column,
        newest=f"TIMESTAMP {literal(facts.newest)}",
        day_first="NULL::BOOLEAN" if facts.day_first is None else str(facts.day_first).upper(),
        in_zone=in_zone,
        in_zone_later=in_zone_later,
        line_zone=line_zone,
    )


def _in_zone(timezone: str | None) -> tuple[str, str]:
    """Micros of `local_at` in the zone, and its second reading where the clock showed it twice."""
    nothing = "CAST(NULL AS BIGINT)"
    if timezone is None:
        return nothing, nothing
    if (minutes := read_offset(timezone)) is not None:
        return f"epoch_us(local_at) - {minutes * 60_000_000}", nothing
    return _in_named_zone(literal(timezone))


def _in_named_zone(zone: str) -> tuple[str, str]:
    """The same for a zone's name, as SQL.

    The first is NULL for a time that the clock never showed, the second for all but one hour a
    year.
    """
    moment = f"timezone({zone}, local_at)"

    def shown(change: str) -> str:
        return f"timezone({zone}, {moment} {change}) = local_at"

    changes = [f"{{}} INTERVAL {minutes} MINUTE" for minutes in (30, 60)]
    earlier, later = ([change.format(sign) for change in changes] for sign in "-+")
    first = " ".join(f"WHEN {shown(c)} THEN epoch_us({moment} {c})" for c in earlier)
    second = " ".join(f"WHEN {shown(c)} THEN epoch_us({moment} {c})" for c in later)
    second += f" WHEN {' OR '.join(map(shown, earlier))} THEN epoch_us({moment})"
    exists = f"zone_minutes IS NULL AND {shown('')}"
    return (
        f"CASE WHEN {exists} THEN CASE {first} ELSE epoch_us({moment}) END END",
        f"CASE WHEN {exists} THEN CASE {second} END END",
    )


def _spread(each: Sequence[str], source: str) -> str:
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
        told[text] = only_sql(entry, text, told[text])
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

    A name may lead from an object into what is in it, and is found in any case. One pattern looks
    for all of them: to take the record apart once for each would cost more than all else. Text
    inside of a text has its quotes escaped, and so holds no names. An answer without its request
    may be another service's to the application.
    """
    every = [*names]
    ours = [name for name in every if not name.startswith("response/")]

    def agreed(some: Sequence[str]) -> str:
        keys = (_BEFORE.join(_PARENTS.get(k, re.escape(k)) for k in n.split("/")) for n in some)
        pattern = literal(rf'"(?i:{"|".join(keys)})"\s*:\s*{_SCALAR}')
        return (
            f"TRY(json_extract_string(list_reduce("
            f"nullif(regexp_extract_all(record, {pattern}, 1), []),"
            " lambda one, other: CASE WHEN one = other THEN one END), '$'))"
        )

    if len(ours) == len(every):
        return f"CASE WHEN nested THEN {agreed(every)} END"
    asked = literal(rf'"(?i:{_PARENTS["request"]})"\s*:\s*\{{')
    return (
        f"CASE WHEN nested THEN CASE WHEN regexp_matches(record, {asked}) THEN {agreed(every)}"
        f" ELSE {agreed(ours)} END END"
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


def _name_event(entry: Format, texts: str) -> str:
    """The rows with their event: from its id, its uuid, the payload, or the idempotency key."""
    word = "[0-9A-Za-z_.:=+/-]"
    by_text = {
        "event_id": "uuid_of(event_id),"
        f" CASE WHEN regexp_full_match(event_id, '{word}{{1,128}}')"
        " AND NOT regexp_full_match(event_id, '(?i)null|none|nil|n/?a|undefined|[-.]+')"
        " THEN event_id END",
        "event_uuid": "uuid_of(event_uuid)",
        "payload": "CASE WHEN payload <> '' THEN event_uuids(payload) END[1]",
        "idempotency": "uuid_of(idempotency),"
        f" CASE WHEN regexp_full_match(idempotency, '{word}{{8,128}}') THEN idempotency END",
    }
    ids = ", ".join(told for text, told in by_text.items() if text in entry.texts)
    return f"SELECT *, coalesce({ids}) AS named_uuid FROM ({texts})"


def _tell_step(entry: Format, facts: FileFacts, texts: str) -> str:
    """The rows of a receipts table with their event, and its state in our words as the message."""
    met = {key for shape in facts.shapes for key in json.loads(shape)}
    state = _translate(entry, "message")
    if met & set(entry.names.get("processed_at", ())):
        # Neither a word nor a date of zeros is a time.
        state = (
            f"coalesce({state}, CASE WHEN regexp_matches(processed_at, '[1-9]') THEN 'processed'"
            " WHEN exception IS NOT NULL THEN 'failed' ELSE 'received' END)"
        )
    return (
        f"SELECT * REPLACE ({state} AS message, coalesce(status, CASE"
        " WHEN regexp_full_match(message, '[1-5][0-9][0-9]') THEN message END) AS status),"
        f" named_uuid AS event_uuid, [named_uuid] AS uuids FROM ({texts})"
    )


def _translate(entry: Format, text: str) -> str:
    """A text with the words of the sender, or of the table, put into ours."""
    words = [f"WHEN {literal(word)} THEN {literal(to)}" for word, to in entry.words.items()]
    return f"CASE lower({text}) {' '.join(words)} ELSE {text} END" if words else text


def only_sql(entry: Format, text: str, value: str) -> str:
    """A value of a text, as far as it looks as the format says."""
    if text not in entry.only:
        return value
    return f"CASE WHEN regexp_full_match({value}, {literal(entry.only[text])}) THEN {value} END"


def _quoted(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'


def _select(found: Mapping[str, str], names: Iterable[str]) -> str:
    """The texts as columns, NULL where they are not found."""
    return ", ".join(f"{found.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in names)
