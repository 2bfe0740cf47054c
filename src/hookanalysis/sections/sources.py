"""What a report rests on: files, clocks, and what could not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import wording
from hookanalysis.markup import Block, Column, table

if TYPE_CHECKING:
    from hookanalysis.facts.measures import ClockOffset, Facts


def unknowns(facts: Facts) -> Block:
    """What could not be known: why, and what would close the gap."""
    rows = [
        {
            "deliveries": entry.deliveries,
            "reason": entry.reason[:1].upper() + entry.reason[1:],
            "hint": entry.hint[:1].upper() + entry.hint[1:],
            "when": wording.say_days(facts.period, entry.first_at, entry.last_at),
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
    rows = [wording.say_clock(*log) for log in sorted(by_log.items())[:limit]]
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
        {"path": wording.short_path(entry.path), "reason": entry.reason}
        for entry in refused[:limit]
    ]
    columns = [Column("path", "File"), Column("reason", "Why")]
    return table(rows, columns, caption="Files that could not be read", total=len(refused))


def _read(facts: Facts, limit: int) -> Block:
    known = [entry for entry in facts.files if entry.status != "refused"]
    rows = [
        {
            "path": wording.short_path(entry.path),
            "status": entry.status,
            "log": wording.name_log(entry.layer or entry.side, entry.stream),
            "format": entry.format,
            "records": entry.records,
            "kept": entry.kept,
            "rejected": entry.rejected,
            "note": wording.say_file(entry.reason, entry.integrity, entry.tail_bytes),
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
            "path": wording.short_path(entry.path),
            "reason": entry.reason.replace("_", " "),
            "records": entry.records,
            "first_line": entry.first_line,
            "detail": entry.detail,
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
