"""How a log is read: out of which wrappers, and which of the formats its records are written in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hookanalysis.read.documents import is_spread
from hookanalysis.read.rows import find_table, read_headers
from hookanalysis.read.splitting import Split
from hookanalysis.settings import Known

from .engine import borrow_scratch, connect_parser
from .format import FileFacts, Format, load_formats, plain_records
from .scan import Log, case_sql, fits_object, fits_text, log_fields, scan_log
from .texts import path_sql
from .trials import open_object, settle_dates, take_records, usual_shapes
from .wrappers import Layer, peel, take_texts

_YEARLESS = re.compile(
    r"(?:<\d{1,3}>|time=\")?(?:[A-Z][a-z]{2} [ \d]?\d,?|[IWEF]\d{4}) \d\d:\d\d:\d\d"
)
# What waits for a server behind it: nginx's two columns of seconds that are the same, or a name.
_PAIRED = re.compile(r"[|\t](\d+\.\d{3})[|\t]\1(?:[|\t]|$)|\bupstream_(?:addr|\w*time)=")
# A line that tells its time once more, with the zone.
_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)\b.* \1 \2 ([+-]\d{4})\b")
_ZONE = re.compile(r":\d\d [A-Z][a-z]+/[A-Z][\w/+-]*\]")
# A line that an application wrote, in the log of a server.
_WRITTEN = re.compile(
    r"^(?!.* HTTP/\d)(?:.{0,80}\b(?:DEBUG|INFO|WARN|ERROR)\b|.*webhook_event_uuid=)"
)
# The formats that say how any line, and any object, is read.
TEXT, OBJECT = "app_text", "app_json"
# Of the first records at least this share must tell a time, or the file is no log.
_TIMED = 0.1
# What a line that tells of requests has.
_TELLS = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b|webhook_event_uuid").search
# What columns of deliveries are called, where all names are told in one line; and the end of the
# name of a column whose times are in UTC.
_DELIVERED = re.compile(
    r"(?i)attempt|deliver|endpoint|hook|callback|destination|retr(?:y|ies)|(?:^| )sent|"
    r"(?:^| )events?(?:[_ -]?(?:id|uuid|key|name|type))?(?: |$)"
)
_UTC = re.compile(r"\W*UTC\W*$")
# What a way to read a log is worth: how many values it finds.
_VALUES = (
    "event_uuid", "method", "path", "http_status", "duration_ms", "source_ip", "request_id",
    "level",
)  # fmt: skip


@dataclass(frozen=True)
class Binding:
    """How one file is read."""

    format: Format  # its format; of several, the one that most of its requests are written in
    split: Split  # how the text becomes records
    timezone: str | None  # zone for times that name none; None: unknown
    # SELECT over `chunk` (line, byte_offset, record): line, byte_offset, at (UTC; NULL where the
    # zone is unknown), zoned (the time names its zone; NULL where there is no time), verdict (keep,
    # count, ignore, reject), reason, record (NULL unless kept, rejected, or the line of a stack
    # trace that names an exception). NULL records are passed over.
    scan_sql: str
    # SELECT over `scanned`, the rows of `scan_sql`: the columns of the side's table from `line` on.
    # A line that names several events gives several rows.
    fields_sql: str
    sampled: Counter[str]  # how many of the first records fit (key `fits`), or not, by reason
    wrappers: tuple[str, ...] = ()  # what is taken off the lines first, the outermost first
    formats: tuple[str, ...] = ()  # all formats that its first records fit, the most frequent first
    # Why the order of day and month is unknown; empty: it is known, or not asked for.
    disorder: str = ""


def overrule(entry: Format, known: Known) -> Format:
    """The format with what the user says of the log instead."""
    told: dict[str, Any] = {
        key: getattr(known, key) or getattr(entry, key) for key in ("time_marks", "layer")
    }
    said = {"sample": known.sampled, "copytruncate": known.copytruncate, "complete": known.complete}
    if completeness := next((name for name, holds in said.items() if holds), None):
        told["completeness"] = completeness
    return replace(entry, **told)


def _is_log(table: Split, head: bytes, formats: Sequence[Format], base: Format) -> bool:
    """Whether a table's columns, or a message, tell of requests, and none tells of a delivery."""
    names = table.names
    told = {text for text, known in base.names.items() if not {*known}.isdisjoint(names)}
    rows = take_texts(plain_records(), take_records(head, table), connect_parser())
    return not _DELIVERED.search(" ".join(names)) and (
        any(e.keys and {*e.keys} <= {*names} for e in formats)
        or ("method" in told and not told.isdisjoint(("target", "status")))
        or ({"time", "message"} <= told and "target" not in told and any(map(_TELLS, rows)))
    )


def read_log(
    head: bytes,
    headers: Sequence[tuple[int, str]],
    formats: Sequence[Format],
    bases: tuple[Format, Format],
    facts: FileFacts,
    known: Known,
) -> Binding | None:
    """The best way to read a log: out of the wrappers without which it tells the most.

    `headers` are the header lines of a W3C log, and the bytes at which they begin; `bases` the
    formats of any text, and of any object.
    """
    table = find_table(head)
    if table and any(map(_UTC.search, table.names)):
        facts = replace(facts, timezone=facts.timezone or "UTC")
        table = replace(table, sections=((0, tuple(_UTC.sub("", n) for n in table.names)),))
    if table and not _is_log(table, head, formats, bases[1]):
        if not known.format:
            return None
        table = None
    given = next((e.header for e in formats if e.header), "")
    headed = read_headers([(0, given), *headers] if given else headers)
    layers = [
        replace(layer, split=headed) if headed and not layer.wrappers else layer
        for layer in peel(head, connect_parser(), table)
    ]
    found = [
        _try_layer(head, layer, formats, bases, facts, known, alone=len(layers) == 1)
        for layer in layers
    ]
    best = max(filter(None, found), key=lambda reading: reading[0], default=None)
    return best[1] if best else None


def _try_layer(
    head: bytes,
    layer: Layer,
    formats: Sequence[Format],
    bases: tuple[Format, Format],
    facts: FileFacts,
    known: Known,
    *,
    alone: bool,
) -> tuple[tuple[bool | int, ...], Binding] | None:
    """A way to read a log, and what it is worth; None where its lines tell no time."""
    split = layer.split or Split("json" if is_spread(head) else "lines")
    source = layer.source
    chunk = take_records(head, split)
    records = take_texts(source, chunk, connect_parser())
    pairs = sum(map(bool, map(_PAIRED.search, records))) * 4 > len(records)
    facts = replace(facts, source=source, paired=pairs, zones_named=any(map(_ZONE.search, records)))
    # Syslog's time, which a wrapper tells, names no year.
    if "syslog_3164" not in layer.wrappers and not any(map(_YEARLESS.match, records)):
        facts = replace(facts, newest=FileFacts.newest)
    entry, log, counts = _plan(records, formats, bases, facts, known, timed=layer.timed)
    bare = (open_object(record) is None for record in records)
    if known.format and not (
        (known.format == TEXT) in bare if known.format in {TEXT, OBJECT} else counts
    ):
        return None

    @cache
    def write(first: bool | None) -> tuple[str, str]:
        dated = replace(log, facts=replace(log.facts, day_first=first))
        return scan_log(dated), log_fields(dated)

    first, reasons, disorder = settle_dates(facts.day_first, write, "receiver", chunk)
    total = len(records)
    timed = reasons.count(None) + reasons.count("bad_time") * (first is None)
    if not entry.silent and (not total or timed < _TIMED * total):
        return None
    scan, fields = write(first)
    binding = Binding(
        overrule(entry, known),
        split,
        log.facts.timezone,
        scan,
        fields,
        Counter(reason or "fits" for reason in reasons),
        layer.wrappers,
        tuple(name for name, _ in counts.most_common()),
        disorder,
    )
    likeness = -sum(name == "timed" for name in layer.wrappers)
    worth = (0, False) if alone else _weigh(scan, fields, source, chunk)
    # Lines of text around objects are a wrapper, however well they read as text.
    inside = not head.lstrip().startswith((b"{", b"[")) and (
        layer.of_objects or sum(r.startswith("{") for r in records) * 2 >= total
    )
    # Where no request may be a webhook yet, what known formats fit, and what tells of any.
    told = sum(map(bool, map(_TELLS, records)))
    return (inside, *worth, counts.total(), told, likeness * 10 + len(layer.wrappers)), binding


def _plan(
    records: Sequence[str],
    formats: Sequence[Format],
    bases: tuple[Format, Format],
    facts: FileFacts,
    known: Known,
    *,
    timed: bool,
) -> tuple[Format, Log, Counter[str]]:
    """What of the formats a log holds: each record counts for the first that it fits.

    The format that is named for the file is the one of most of its requests.
    """
    ranked = sorted(formats, key=lambda entry: -entry.rank)
    objects = [open_object(record) for record in records]
    counts = count_fits(records, ranked)
    plain = [r for o, r in zip(objects, records, strict=True) if o is None]
    carried = False
    if not timed:
        query = (
            "SELECT bool_or(line_time(t) IS NULL"
            r" AND (line_tag(t) IS NOT NULL"
            r" OR regexp_matches(t, '(?i)^[ \t].*(?:uuid|[a-z]_?id\b|-[0-9a-f]{4}-)')))"
            " FROM UNNEST(CAST($1 AS VARCHAR[])) AS x (t)"
        )
        carried = bool(connect_parser().execute(query, [plain]).fetchall()[0][0])
    texts = tuple(entry for entry in ranked if entry.pattern and counts[entry.id])
    keyed = tuple(entry for entry in ranked if entry.keys and counts[entry.id])
    found = [entry for entry in (*keyed, *texts) if not entry.silent]
    base = bases[sum(r.startswith("{") for r in records) * 2 >= len(records)]
    if not found and texts and 2 * counts[texts[0].id] > len(records):
        entry = texts[0]
    else:
        told = {entry.id: counts[entry.id] for entry in found}
        told[base.id] = sum(map(bool, map(_TELLS, records))) - sum(told.values()) if found else 1
        entry = max((*found, base), key=lambda e: (told[e.id], e.layer == "edge"))
    facts = replace(facts, shapes=usual_shapes(filter(None, objects)), carried=carried)
    offsets = {found[3] for found in map(_OFFSET.search, plain) if found}
    if len(offsets) == 1 and "/" not in (facts.timezone or ""):
        facts = replace(facts, timezone=offsets.pop())
    if facts.paired and entry.id == TEXT:
        entry = replace(entry, layer="edge")
    layer = "app" if any(map(_WRITTEN.match, plain)) else known.layer or entry.layer or "app"
    return entry, Log(bases[1], texts, keyed, facts, layer), counts


def count_fits(records: Sequence[str], formats: Sequence[Format]) -> Counter[str]:
    """How many of some records each format of a log fits before the others do.

    An object may fit one by its keys, and another by the line in its message.
    """
    base = next(entry for entry in load_formats() if entry.id == OBJECT)
    messages = ", ".join(map(path_sql, base.names["message"]))
    objects = [(fits_object(e), str(n)) for n, e in enumerate(formats) if e.keys]
    lines = [(fits_text("text", e), str(n)) for n, e in enumerate(formats) if e.pattern]
    query = f"""
        SELECT fit, count(*) FROM (
          SELECT UNNEST([{case_sql(objects, "NULL")}, {case_sql(lines, "NULL")}]) AS fit FROM (
            SELECT *, CASE WHEN met IS NULL THEN record
              ELSE list_any_value(TRY(json_extract_string(record, [{messages}]))) END AS text
            FROM (
              SELECT *, CASE WHEN starts_with(record, '{{') THEN TRY(json_keys(record)) END AS met
              FROM UNNEST(CAST($1 AS VARCHAR[])) AS x (record)
        ))) WHERE fit IS NOT NULL GROUP BY fit
        """
    rows = connect_parser().execute(query, [list(records)]).fetchall()
    return Counter({formats[number].id: count for number, count in rows})


def take_lines(head: bytes) -> list[str]:
    """The first records of a log, as its formats see them."""
    split = Split("json" if is_spread(head) else "lines")
    return take_texts(plain_records(), take_records(head, split), connect_parser())


def _weigh(scan: str, fields: str, source: str, chunk: Any) -> tuple[int, bool]:
    """Score of a reading: values found in what may be webhooks, and whose times it uses.

    A way to read that keeps more of other requests is no better for it. Where a wrapper tells a
    time, lines were wrapped in earnest if most of those that begin with one of their own (before
    it stand no words) tell another; those without say nothing.
    """
    values = " + ".join(f"count({name})" for name in _VALUES)
    with borrow_scratch(scan, fields, "receiver") as scratch:
        scratch.parse(chunk)
        rows = scratch.rows(
            f"""
            SELECT
              {values},
              count_if(own OR differs AND object) < 2 * count_if(differs AND (own OR object))
            FROM (
              SELECT
                p.*,
                zoned_micros(s.outer_time) <> epoch_us(p.logged_at) AS differs,
                starts_with(s.record, '{{') AS object,
                coalesce(regexp_full_match(
                  left(s.record, strpos(s.record, line_time(s.record)) - 1), '[^=g-z]{{0,60}}'
                ), false) AS own
              FROM parsed AS p
              JOIN ({source}) AS s USING (byte_offset)
            )
            WHERE coalesce(method, 'POST') IN ('POST', 'PUT') OR event_uuid IS NOT NULL
            """
        )
        return int(rows[0][0]), bool(rows[0][1])
