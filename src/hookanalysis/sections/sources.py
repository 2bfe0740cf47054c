"""What a report rests on: files, clocks, and what could not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.markup import ABSENT, Block, Column, duration, plural, table
from hookanalysis.words import METHODS, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hookanalysis.facts.measures import ClockOffset, Facts


def unknowns(facts: Facts) -> Block:
    """What could not be known: why, and what would close the gap."""
    rows = [
        {
            "deliveries": entry.deliveries,
            "reason": entry.reason[:1].upper() + entry.reason[1:],
            "hint": entry.hint[:1].upper() + entry.hint[1:],
            "when": markup.local_days(facts.period, entry.first_at, entry.last_at),
        }
        for entry in facts.unknowns
    ]
    columns = [
        Column("deliveries", "Deliveries", "count"),
        Column("reason", "Why it cannot be told"),
        Column("hint", "What closes the gap"),
        Column("when", "Deliveries of"),
    ]
    return table(rows, columns, empty="Nothing was left open: every delivery could be judged.")


def clocks(facts: Facts, *, limit: int = 40) -> Block:
    """How far each receiver's clock is from the sender's, and what that rests on."""
    by_log: dict[str, list[ClockOffset]] = {}
    for entry in facts.clocks:
        by_log.setdefault(entry.stream, []).append(entry)
    rows = [say_clock(*log) for log in sorted(by_log.items())[:limit]]
    columns = [
        Column("stream", "Log"),
        Column("offset", "Its clock, against the sender's"),
        Column("between", "Certainly within"),
        Column("pairs", "Deliveries compared", "count"),
        Column("method", "How it was found"),
    ]
    empty = "No clock could be compared: no delivery is known to both sides."
    return table(rows, columns, total=len(by_log), empty=empty)


def files(facts: Facts, *, limit: int = 60) -> Block:
    """What could not be read, and what was read, file by file."""
    lost = [part for part in (_refused(facts, limit), _rejected(facts, limit)) if part]
    read = _read(facts, limit)
    if not lost and facts.files:
        words = "Every record of every file could be read."
        return Block(f'{read.html}<p class="hk-note">{words}</p>', f"{read.text}\n{words}")
    parts = [*lost, read]
    return Block("".join(p.html for p in parts), "\n".join(p.text for p in parts))


def _refused(facts: Facts, limit: int) -> Block | None:
    refused = [entry for entry in facts.files if entry.status == "refused"]
    if not refused:
        return None
    rows = [
        {"path": markup.short_path(entry.path), "reason": entry.reason} for entry in refused[:limit]
    ]
    columns = [Column("path", "File"), Column("reason", "Why")]
    return table(rows, columns, caption="Files that could not be read", total=len(refused))


def _read(facts: Facts, limit: int) -> Block:
    known = [entry for entry in facts.files if entry.status != "refused"]
    rows = [
        {
            **vars(entry),
            "path": markup.short_path(entry.path),
            "log": markup.log_name(entry.layer or entry.side, entry.stream),
            "note": _say_file(entry.reason, entry.integrity, entry.tail_bytes),
        }
        for entry in known[:limit]
    ]
    columns = [
        Column("path", "File"),
        Column("status", "Status"),
        Column("log", "Log"),
        Column("format", "Format"),
        Column("records", "Records", "count"),
        Column("kept", "Kept", "count"),
        Column("rejected", "Rejected", "count"),
    ]
    if any(row["note"] for row in rows):
        columns.append(Column("note", "To know"))
    caption = "Files that were read"
    return table(rows, columns, caption=caption, total=len(known), empty="No file was read.")


def _rejected(facts: Facts, limit: int) -> Block | None:
    if not facts.rejects:
        return None
    rows = [
        {
            **vars(entry),
            "path": markup.short_path(entry.path),
            "reason": entry.reason.replace("_", " "),
        }
        for entry in facts.rejects[:limit]
    ]
    columns = [
        Column("path", "File"),
        Column("reason", "Reason"),
        Column("records", "Records", "count"),
        Column("first_line", "First at line", "count"),
        Column("detail", "How far it could be read"),
    ]
    caption = "Records that could not be read"
    return table(rows, columns, caption=caption, total=len(facts.rejects))


def say_clock(stream: str, entries: Sequence[ClockOffset]) -> dict[str, Any]:
    """How far a log's clock is from the sender's on its days (or on all), as a row of words."""
    days = [entry for entry in entries if entry.day] or list(entries)
    offsets = [entry.offset_ms for entry in days]
    lows = [entry.low_ms for entry in days if entry.low_ms is not None]
    highs = [entry.high_ms for entry in days if entry.high_ms is not None]
    method = say(days[0].method, METHODS)
    if zone := next((entry.zone_error_minutes for entry in days if entry.zone_error_minutes), 0):
        off = duration(abs(zone) * 60_000)
        method += f"; whole quarter-hours: its time zone is off by {off}"
    return {
        "stream": stream,
        "offset": _say_ahead(min(offsets), max(offsets)),
        "between": _say_ahead(min(lows), max(highs)) if lows and highs else ABSENT,
        "pairs": sum(entry.pairs for entry in days),
        "method": method,
    }


def _say_ahead(low: float, high: float) -> str:
    """An offset or a span of them: `2.3 s to 2.9 s ahead`, `763 ms behind`."""
    sides = [("behind" if value < 0 else "ahead") for value in (low, high)]
    first, last = duration(abs(low)), duration(abs(high))
    if sides[0] != sides[1]:
        return f"{first} {sides[0]} to {last} {sides[1]}"
    if sides[0] == "behind":
        first, last = last, first
    return f"{first} {sides[0]}" if first == last else f"{first} to {last} {sides[0]}"


def _say_file(reason: str, integrity: str, tail_bytes: int) -> str:
    """What there is to know about a file."""
    notes = [reason] if reason else []
    if integrity == "truncated":
        notes.append("its end is damaged; what came before was read")
    if tail_bytes:
        size = plural(tail_bytes, "byte")
        notes.append(f"{size} of an unfinished last line wait for the next load")
    return "; ".join(notes)
