"""What a report rests on: files, clocks, and what could not be known."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hookanalysis import wording
from hookanalysis.markup import Block, Column, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from hookanalysis.facts.measures import Facts, FileFacts


class _Loads(Protocol):
    def load(self, *paths: str | Path, progress: Callable[[str, int], None]) -> Any: ...
    def reconcile(self, *, progress: Callable[[int, int], None]) -> None: ...


W = TypeVar("W", bound=_Loads)


def load_samples(ws: W) -> W:
    """Load the bundled samples into an empty workspace and reconcile them; returns it."""
    packaged = resources.files("hookanalysis").joinpath("samples")
    with resources.as_file(packaged) as installed:
        checkout = Path(__file__).parents[3] / "data" / "samples"
        folder = installed if installed.is_dir() else checkout
        ws.load(folder / "sender", folder / "receiver", progress=_say_nothing)
    ws.reconcile(progress=_say_nothing)
    return ws


def _say_nothing(*_: object) -> None:
    """Show no progress: a notebook over the samples shows the same, however fast the machine."""


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
    by_day = sorted(facts.clocks, key=lambda c: (c.stream, c.day is None, c.day or date.min))
    rows = [wording.say_clock(entry) for entry in by_day[:limit]]
    columns = [
        Column("stream", "Log"),
        Column("day", "Day"),
        Column("offset", "Receiver's clock minus sender's"),
        Column("between", "Between"),
        Column("pairs", "Pairs", "count"),
        Column("method", "How it was found"),
    ]
    empty = "No clock could be compared."
    return table(rows, columns, total=len(facts.clocks), empty=empty)


def files(facts: Facts, *, limit: int = 60) -> Block:
    """What was read, file by file, and what could not be read."""
    rows = [
        {
            "path": wording.short_path(entry.path),
            "status": entry.status,
            "log": " · ".join(part for part in (entry.layer or entry.side, entry.stream) if part),
            "format": entry.format,
            **(_counts(entry) if entry.status != "refused" else {}),
            "note": wording.say_file(entry.reason, entry.integrity, entry.tail_bytes),
        }
        for entry in sorted(facts.files, key=lambda f: (f.status != "refused", f.path))[:limit]
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
    read = table(rows, columns, total=len(facts.files), empty="No file was loaded.")
    if not facts.rejects:
        words = "Every record of every loaded file could be read."
        return Block(f'{read.html}<p class="hk-note">{words}</p>', f"{read.text}\n{words}")
    rejected = [
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
    lost = table(rejected, columns, caption=caption, total=len(facts.rejects))
    return Block(f"{read.html}{lost.html}", f"{read.text}\n{lost.text}")


def _counts(file: FileFacts) -> dict[str, int]:
    return {"records": file.records, "kept": file.kept, "rejected": file.rejected}
