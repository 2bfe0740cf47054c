"""The SQL that turns records into columns, put together from `sql/load/*.sql` and a format.

Everything here is text. A format says how the fields of a record are found (by a pattern, by names
of JSON keys or columns), the facts of a file what was learnt of it. Both are known before the first
record is parsed, so DuckDB runs the same two statements over every chunk of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis.zones import read_offset

from .format import fill, literal
from .scan import scan_records, take_fields
from .texts import scan_texts, take_texts

if TYPE_CHECKING:
    from .format import FileFacts, Format
    from .scan import Log

_PRIVATE_IP = (
    r"^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|"
    r"100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe80)"
)


def scan_sql(entry: Format, facts: FileFacts) -> str:
    """The statement over `chunk` that sorts a table's records: see sql/load/scan.sql."""
    return _scan(scan_texts(entry, facts), facts)


def fields_sql(entry: Format, facts: FileFacts) -> str:
    """The statement over `scanned` that makes the columns of the side's table."""
    texts = take_texts(entry, facts)
    if entry.side == "receiver":
        return _receipts(texts, facts)
    if "created_at" not in entry.names:
        timed = f"SELECT *, CAST(NULL AS BIGINT) AS micros FROM ({texts})"
    else:
        timed = _times(texts, "created_at", facts)
    return fill("attempts", texts=timed)


def scan_log(log: Log) -> str:
    """The statement over `chunk` that sorts the records of a log."""
    return _scan(scan_records(log), log.facts)


def log_fields(log: Log) -> str:
    """The statement over `scanned` that makes the columns of a log's lines."""
    return _receipts(take_fields(log), log.facts)


def _scan(records: str, facts: FileFacts) -> str:
    return fill(
        "scan",
        records=_times(records, "time_text", facts),
        raised="regexp_matches(record, raised())",
        zone_given="TRUE" if facts.timezone else "FALSE",
    )


def _receipts(texts: str, facts: FileFacts) -> str:
    return fill("receipts", texts=texts, ids=f"'{_ids(facts)}'", private_ip=literal(_PRIVATE_IP))


def _times(relation: str, column: str, facts: FileFacts) -> str:
    in_zone, in_zone_later = _in_zone(facts.timezone)
    return fill(
        "times",
        relation=f"({relation})",
        time=column,
        newest=f"TIMESTAMP {literal(facts.newest)}",
        day_first="NULL::BOOLEAN" if facts.day_first is None else str(facts.day_first).upper(),
        in_zone=in_zone,
        in_zone_later=in_zone_later,
    )


def _in_zone(timezone: str | None) -> tuple[str, str]:
    """Micros of `local_at` in the zone, and its second reading where the clock showed it twice.

    The first is NULL for a time that the clock never showed, the second for all but one hour a
    year.
    """
    nothing = "CAST(NULL AS BIGINT)"
    if timezone is None:
        return nothing, nothing
    if (minutes := read_offset(timezone)) is not None:
        return f"epoch_us(local_at) - {minutes * 60_000_000}", nothing
    zone = literal(timezone)
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


def _ids(facts: FileFacts) -> str:
    """The senders' event ids as a part of a pattern inside of a constant; one that never fits."""
    return ("|".join(facts.event_ids) or "$.").replace("'", "''")
