"""What is loaded, until when, what is open, and what is damaged: for people, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .database import Database
from .errors import InputError
from .facts.gathering import check_results, read_coverage, read_rows
from .facts.measures import FileFacts, Hole, plain
from .facts.period import ask
from .load.files import find_lacks, find_zone_errors
from .load.manifest import stream_of
from .markup import duration
from .tables import INTEGRITY, TABLES
from .verdict.steps import make_records
from .words import plural, say

_TIME = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Source:
    """One log, or one kind of export. Times are UTC, as far as its clock and zone are right."""

    side: str  # sender or receiver
    layer: str  # edge, app, queue or table; empty on the sender's side
    stream: str
    formats: list[str]
    zones: list[str]  # assumed for times that name none
    files: int
    starts_at: datetime | None
    ends_at: datetime | None
    age_seconds: float | None  # since its last time
    offset_ms: float | None  # its clock minus the sender's; None: not measured
    holes: tuple[Hole, ...]  # times within these for which it cannot testify

    def __str__(self) -> str:
        parts = [f"{self.layer or self.side:<7} {self.stream}: nothing with a time"]
        if self.ends_at and self.age_seconds is not None:
            age = duration(self.age_seconds * 1000)
            parts = [f"{parts[0].rpartition(':')[0]}: until {self.ends_at:{_TIME}} UTC, {age} ago"]
        read = ", ".join((*self.formats, *self.zones))
        parts.append(f"{plural(self.files, 'file')} ({read})")
        if self.offset_ms:
            side = "ahead" if self.offset_ms > 0 else "behind"
            parts.append(f"clock {duration(abs(self.offset_ms))} {side}")
        if self.holes:
            longest = max(self.holes, key=lambda hole: hole.seconds)
            span = f"{longest.starts_at:{_TIME}} to {longest.ends_at:{_TIME}}"
            which = "" if len(self.holes) == 1 else "the longest "
            why = say(longest.reason, "holes")
            parts.append(f"{plural(len(self.holes), 'hole')}, {which}{span}: {why}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Open:
    """Deliveries that had no good end yet."""

    outcome: str
    deliveries: int
    oldest_at: datetime
    latest_at: datetime

    def __str__(self) -> str:
        days = f"{self.oldest_at:{_TIME}} to {self.latest_at:{_TIME}} UTC"
        return f"{'open':<7} {plural(self.deliveries, 'delivery')} {self.outcome}, {days}"


@dataclass(frozen=True)
class Status:
    """The state of a workspace at a time; `results` says why they cannot be used, if so."""

    at: datetime
    sources: tuple[Source, ...]
    refused: tuple[FileFacts, ...]  # with nothing good of their log since
    warnings: tuple[str, ...]
    results: str
    open: tuple[Open, ...]

    def __str__(self) -> str:
        refused = [f"{'refused':<7} {file.path}: {file.reason}" for file in self.refused]
        end = [f"{self.results}: run `hookanalysis reconcile`"] if self.results else []
        if not (self.results or self.open):
            end = ["nothing is open"]
        told = map(str, (*self.sources, *refused, *self.warnings, *self.open, *end))
        return "\n".join(line.replace("\n", "\\n") for line in told)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ISO times in UTC, rounded numbers, keys in the order of the fields."""
        found: dict[str, Any] = plain(self)
        return found


def look(db: Database, at: datetime) -> Status:
    """The state of a workspace; ages are counted against a time `at` (UTC, naive).

    Where it is not reconciled, its coverage is worked out in passing.
    """
    results, rows = "", ask(db, "sources")
    try:
        check_results(db)
    except InputError as error:
        results = error.what
        if rows:
            make_records(db)
    times = [row[key] for row in rows for key in ("starts_at", "ends_at") if row[key]]
    start, end = (min(times), max(times)) if times else (None, None)
    cover = read_coverage(db, start, end, most=1000) if rows else ()
    logs = {(log.side, log.stream): log for log in cover}
    offsets = {}
    if not results:
        offsets = {row["stream"]: row["offset_ms"] for row in ask(db, "clocks") if not row["day"]}
    sources = []
    for row in rows:
        log = logs.get((row["side"], row["stream"]))
        bounds = row["starts_at"], row["ends_at"]
        known = {
            **row,
            "age_seconds": bounds[1] and (at - bounds[1]).total_seconds(),
            "offset_ms": offsets.get(row["stream"]) if row["side"] == "receiver" else None,
            "holes": tuple(_clip(log.holes, *bounds)) if log and all(bounds) else (),
        }
        sources.append(known)
    last = {row["stream"]: row["last_file"] or 0 for row in rows}
    # What was refused is settled by a later file of the same log that was read.
    refused = [
        row
        for row in ask(db, "files")
        if row["status"] == "refused"
        and last.get(row["lacking_stream"] or stream_of(Path(row["path"])), 0) < row["file_id"]
    ]
    warnings = (*find_zone_errors(db, reconciled=not results), *find_lacks(db))
    left = [] if results else ask(db, "still_open", day_at=None)
    return Status(
        at,
        read_rows(Source, sources),
        read_rows(FileFacts, refused),
        warnings,
        results,
        read_rows(Open, left),
    )


def _clip(holes: Iterable[Hole], first: datetime, last: datetime) -> Iterator[Hole]:
    """Of holes, what lies between the first and the last time of a log."""
    for hole in holes:
        start, end = max(hole.starts_at, first), min(hole.ends_at, last)
        if start < end:
            yield Hole(start, end, (end - start).total_seconds(), hole.reason)


def find_damage(db: Database) -> list[str]:
    """What does not hold in the workspace, a sentence each; every value in it is read."""
    there, holds = set(filter(db.has, TABLES)), dict(INTEGRITY["holds"])
    for name in there:
        db.rows(f"SELECT bit_xor(hash(t)) FROM {name} AS t")
    for key, names in INTEGRITY["keys"].items():
        for name in names.split():
            query = f"SELECT count(*) - count(DISTINCT ({key})) FROM {name}"
            holds[f"each row of {name} has its own {key}"] = query
    for names, (parent, key) in INTEGRITY["parents"].items():
        for name in names.split():
            first = key.partition(",")[0]  # a file that was refused has no generation
            query = f"SELECT count({first}) FROM {name} ANTI JOIN {parent} USING ({key})"
            holds[f"each row of {name} belongs to {parent}"] = query
    asked = {
        w: q for w, q in holds.items() if there.issuperset(re.findall(r"(?:FROM|JOIN) (\w+)", q))
    }
    broken = {words: db.rows(query)[0][0] for words, query in asked.items()}
    return [f"not so {count:,} times: {words}" for words, count in broken.items() if count]
