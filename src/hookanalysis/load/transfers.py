"""One file on its way into the workspace: its records, rejects and activity, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hookanalysis.database import Database, sql_text
from hookanalysis.errors import InputError
from hookanalysis.formats.engine import Scratch, parse_ahead
from hookanalysis.formats.logs import Binding
from hookanalysis.formats.refusals import say_unlike
from hookanalysis.read.documents import is_spread
from hookanalysis.read.sources import Chunk, Source
from hookanalysis.settings import Known

from . import manifest
from .manifest import FileReport

# Called with (path, bytes of text read so far) while a file is loaded.
Progress = Callable[[str, int], None]

# An export whose rows all have one status was taken from one tab of the dashboard.
_TABS = {"failed": "failures", "success": "successes", "none": "events"}
# An export of several endpoints that does not name them: this many events, and half of those that
# were accepted, were attempted again after their success.
_AGAIN = 3
# Two logs may share a few equal lines (a double delivery over two hosts); not a run of this many.
_OVERLAP_RUN = 20


class SeenError(Exception):
    """Nothing in the file is new to the generation; its load is rolled back."""

    def __init__(self, generation_id: int, reason: str = "") -> None:
        super().__init__(reason)
        self.generation_id = generation_id


class OrderError(Exception):
    """A file cannot be read apart: what it means depends on rows of the workspace."""


@dataclass(frozen=True)
class Offer:
    """A file to be loaded."""

    path: Path  # where it is
    name: str  # how it is called in the workspace: its path, or the address of a table
    replaces: bool = False  # what it holds takes the place of what its stream held before
    found: bool = False  # it stands in a folder that was given, and was not named itself


@dataclass
class Transfer:
    """One file on its way into the workspace, inside a transaction; any error rolls it back.

    Read apart (`apart`), it goes into an empty workspace, and what rests on other rows is left out.
    Read `again`, it takes the place of what it was before it was edited.
    """

    db: Database
    offer: Offer
    source: Source
    binding: Binding
    known: Known
    before: manifest.Generation | None
    scratch: Scratch
    progress: Progress | None
    apart: bool = False
    again: bool = False
    threads: int = 1
    records: int = 0
    kept: int = 0
    rejected: int = 0
    ignored: int = 0
    zoned: int = 0
    unzoned: int = 0
    vague: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def run(self, head: bytes) -> FileReport:
        """Insert everything that is new in the file, and its row of the manifest."""
        before, db = self.before, self.db
        if self.offer.replaces and not before:
            known = "SELECT generation_id FROM generations WHERE stream = ?"
            manifest.take_out(db, [row[0] for row in db.rows(known, [self.stream])])
        self.file_id = manifest.next_number(db, "files", "file_id")
        self.generation_id = (
            before.generation_id
            if before
            else manifest.next_number(db, "generations", "generation_id")
        )
        self.place = f"{self.file_id} AS file_id, {self.generation_id} AS generation_id"
        start = before.loaded_bytes if before else 0
        chunks = self.source.chunks(
            self.binding.split,
            start=start,
            start_line=before.loaded_lines + 1 if before else 1,
            final=self.source.compressed or not self._grows,
        )
        for chunk, scratch, rest in parse_ahead(self.scratch, chunks, self.threads):
            self._insert(chunk, scratch, rest)
            if self.progress:
                self.progress(self.offer.name, chunk.end)
        account = self.source.account
        if before and account.loaded_bytes <= before.loaded_bytes:
            raise SeenError(before.generation_id)
        self._check_fit()
        self.ignored += account.ignored
        self._check_zones()
        if self.again and not self.apart:
            manifest.take_out_edited(db, self.file_id, self.offer.name)
        if self.kept and not self.apart:
            check_overlap(db, self.file_id, self.offer.name, self.known)
        grown = before is not None and not self.apart
        generation = self._generation(head)
        manifest.write_generation(db, generation, grown=grown)
        report = FileReport(
            path=self.offer.name,
            status="grown" if before else "loaded",
            reason="; ".join(self._doubts()),
            format=self.binding.format.id,
            layer=generation["layer"],
            records=self.records,
            kept=self.kept,
            rejected=self.rejected,
            ignored=self.ignored,
            first_at=self.first_at,
            last_at=self.last_at,
            tail_bytes=account.tail_bytes,
            damaged=account.integrity != "whole",
        )
        place = (self.file_id, self.generation_id, start)
        manifest.write_file(db, report, self.source, place)
        return report

    def _insert(self, chunk: Chunk, scratch: Scratch, rest: tuple[str, str] | None) -> None:
        con = self.db.con
        target = "attempt_records" if self._from_sender else "receipt_records"
        if rest:
            if self.apart and self.before and not self.first_at:
                raise OrderError  # its first lines may go on with a line that stands elsewhere
            self._extend_trace(rest)
        kept, rejected = self._count(chunk, scratch)
        # To move no rows takes as long as to move some.
        if kept:
            scratch.move(f"SELECT {self.place}, * FROM parsed", con, target)
        if rejected:
            # What was taken out of a list has a place in its record, and no bytes of its own.
            query = f"""SELECT {self.place}, coalesce(chunk.line, scanned.line), byte_offset,
                  coalesce(chunk.bytes, 0), 1 AS lines, reason, CAST(NULL AS VARCHAR) AS detail
                FROM scanned LEFT JOIN chunk USING (byte_offset) WHERE verdict = 'reject'"""
            scratch.move(query, con, "rejects")
        query = f"""
            SELECT {self.generation_id} AS generation_id, {self.file_id} AS file_id,
                   date_trunc('minute', scanned.at) AS minute_at, min(scanned.at) AS first_at,
                   max(scanned.at) AS last_at, min(line) AS first_line, max(line) AS last_line,
                   count(*) AS records, count_if(alarm) AS alarms, max(later_at) AS later_at,
                   bit_or(CAST(1 AS UBIGINT) << CAST(second(scanned.at) AS INTEGER)) AS seconds
            FROM scanned WHERE scanned.at IS NOT NULL AND verdict IN ('keep', 'count')
            GROUP BY minute_at ORDER BY minute_at"""
        scratch.move(query, con, "activity")
        for bad in chunk.rejects:
            told = (bad.line, bad.byte_offset, bad.bytes, bad.lines, bad.reason, bad.detail or None)
            con.execute(f"INSERT INTO rejects SELECT {self.place}, ?, ?, ?, ?, ?, ?", told)

    def _extend_trace(self, rest: tuple[str, str]) -> None:
        """Note the rest of a trace on the last line before it, if that was kept."""
        found = self.db.rows(
            """
            SELECT byte_offset, exception FROM receipt_records
            WHERE generation_id = $generation AND line = greatest(
              (SELECT max(last_line) FROM activity WHERE generation_id = $generation),
              (SELECT max(line) FROM rejects WHERE generation_id = $generation)
            ) AND coalesce(level NOT IN ('debug', 'info'), TRUE)
              AND coalesce(step NOT IN ('processed', 'duplicate'), TRUE)
            """,
            {"generation": self.generation_id},
        )
        for byte_offset, known in found:
            first = known.partition("\n")[0] if known else rest[0]
            told = rest[1] if first == rest[1] else f"{first}\n{rest[1]}"
            self.db.con.execute(
                "UPDATE receipt_records SET exception = ?"
                " WHERE generation_id = ? AND byte_offset = ?",
                [told, self.generation_id, byte_offset],
            )

    def _count(self, chunk: Chunk, scratch: Scratch) -> tuple[int, int]:
        """Add up what a chunk holds; returns its kept and its rejected records."""
        records, kept, counted, rejected, ignored, *times = scratch.rows(
            """
            SELECT count(*) FILTER (part = 0),
                   count(*) FILTER (verdict = 'keep'), count(*) FILTER (verdict = 'count'),
                   count(*) FILTER (verdict = 'reject'), count(*) FILTER (verdict = 'ignore'),
                   count(*) FILTER (zoned), count(*) FILTER (NOT zoned),
                   count(*) FILTER (NOT zoned AND verdict = 'keep'),
                   min(scanned.at), max(scanned.at)
            FROM scanned
            """
        )[0]
        if records != chunk.records:
            raise AssertionError("a record got lost between reading and parsing")
        self.records += kept + counted + rejected + ignored + len(chunk.rejects)
        self.kept += kept
        self.rejected += rejected + len(chunk.rejects)
        self.ignored += ignored
        zoned, unzoned, vague, first_at, last_at = times
        self.zoned += zoned
        self.unzoned += unzoned
        self.vague += vague
        self.first_at = min(filter(None, (self.first_at, first_at)), default=None)
        self.last_at = max(filter(None, (self.last_at, last_at)), default=None)
        return kept, rejected

    @property
    def stream(self) -> str:
        """The stream that it belongs to."""
        return manifest.stream_of(self.offer.path, self.known.stream)

    @property
    def unlike(self) -> bool:
        """Every record was rejected: it is something else than it was taken for."""
        return not self.before and 0 < self.rejected == self.records - self.ignored

    @property
    def _grows(self) -> bool:
        """Whether more may be written to the file, so that its last line may be unfinished."""
        kind, head = self.binding.split.kind, self.source.head
        if kind == "json" and not self._from_sender:  # an object a line
            return b"\n" in head and not is_spread(head)
        return kind in {"lines", "headed"}

    @property
    def _from_sender(self) -> bool:
        return self.binding.format.side == "sender"

    def _check_fit(self) -> None:
        """Refuse a file of which nothing can be read."""
        if not self.unlike:
            return
        reasons = self.db.rows(
            """
            SELECT reason, count(*), min(line) FROM rejects WHERE file_id = ?
            GROUP BY reason ORDER BY count(*) DESC, reason
            """,
            [self.file_id],
        )
        line = min(line for *_, line in reasons)
        counts = [(why, count) for why, count, _ in reasons]
        raise say_unlike(self.binding.format, self.offer.name, line, counts)

    def _check_zones(self) -> None:
        """Refuse a file with times of no known zone; a server's notices are only passed over."""
        zoned = self.zoned or (self.before and self.before.zoned)
        if not self.unzoned or self.binding.timezone or (zoned and not self.vague):
            return
        total = self.zoned + self.unzoned
        raise InputError(
            "the time zone is unknown",
            reason=f"{self.unzoned:,} of its {total:,} times name no zone",
            where=self.offer.name,
            hint="give the zone: --timezone America/Edmonton, or `timezone` under [[sources]]",
        )

    def _generation(self, head: bytes) -> dict[str, Any]:
        format_, account = self.binding.format, self.source.account
        return {
            "generation_id": self.generation_id,
            "side": format_.side,
            "stream": self.stream,
            "layer": self._layer(),
            "format": format_.id,
            "timezone": self.binding.timezone if self.unzoned else None,
            "time_marks": format_.time_marks,
            "time_resolution_ms": format_.time_resolution_ms,
            "completeness": self._completeness(),
            "retention_days": format_.retention_days,
            "timeout_s": format_.timeout_s,
            "head_hash": manifest.head_hash(head),
            "content_hash": account.content_hash,
            "loaded_bytes": account.loaded_bytes,
            "loaded_lines": account.lines,
            "integrity": account.integrity,
        }

    def _layer(self) -> str | None:
        """`app` where an application writes among a server's lines: what became of events."""
        layer = self.binding.format.layer
        if layer != "edge" or self.known.layer:
            return layer
        told = self.db.rows(
            "SELECT 1 FROM receipt_records WHERE generation_id = ? AND step IS NOT NULL"
            " AND COALESCE(method, path, CAST(http_status AS VARCHAR)) IS NULL"
            " AND (event_uuid IS NOT NULL OR candidate_uuids IS NOT NULL) LIMIT 1",
            [self.generation_id],
        )
        return "app" if told else layer

    def _completeness(self) -> str:
        if not self._from_sender or self.binding.format.completeness != "all":
            return self.binding.format.completeness
        statuses = self.db.rows(
            "SELECT DISTINCT status FROM attempt_records WHERE generation_id = ?",
            [self.generation_id],
        )
        return _TABS.get(statuses[0][0], "all") if len(statuses) == 1 else "all"

    def _doubts(self) -> Iterator[str]:
        """What may be wrong with a file that was loaded."""
        account = self.source.account
        if account.integrity != "whole":
            yield "its end is damaged, the rest is loaded"
        elif not account.proven:
            yield "packed without a checksum: damage in it would not show"
        if self._from_sender:
            counts = self.db.rows(sql_text("load/mixed_endpoints"), [self.generation_id])
            ((accepted, again, named),) = counts
            # Rows that name no endpoint seem to be of several: a success ends the attempts.
            if not named and again >= _AGAIN and 2 * again >= accepted:
                yield (
                    "warning: its events seem to go to several endpoints, which it does not name;"
                    " load one file for each, with its `endpoint` under [[sources]]"
                )


def check_overlap(db: Database, file_id: int, name: str, known: Known) -> None:
    """Refuse a log whose receipts stand in another generation, from a different beginning.

    A trimmed copy (`tail`), or several logs in one file (`cat`), is no prefix of anything, yet
    repeats what is there.

    Raises:
        SeenError: They all do; or it is the beginning of an export.
        InputError: More do than chance can explain.
    """
    if known.stream:
        return
    if longer := _find_longer(db, file_id):
        raise SeenError(longer, "it is the beginning of an export that is loaded")
    for generation, twins, held, receipts, between in db.rows(
        sql_text("load/overlaps"), {"file": file_id}
    ):
        query = "SELECT min(path) FROM files WHERE generation_id = ? AND status = 'loaded'"
        ((path,),) = db.rows(query, [generation])
        if held == receipts:
            raise SeenError(generation, f"all its receipts are already loaded from {path}")
        if twins >= max(_OVERLAP_RUN, 0.8 * between):
            raise InputError(
                "the file repeats records that are already loaded",
                reason=f"{twins:,} of its {receipts:,} receipts stand in {path} as well",
                where=name,
                hint="load the log's own files instead of a joined or trimmed copy; if it is "
                "another host's log, give it a name: --stream NAME",
            )


def _find_longer(db: Database, file_id: int) -> int | None:
    """A generation that holds each row of an export at its place: it went on, or was offered first.

    Only those with its first row are compared: the cost does not grow with the history.
    """
    begun = """
    SELECT o.generation_id FROM attempt_records AS o
    JOIN (FROM attempt_records WHERE file_id = $1 ORDER BY byte_offset LIMIT 1) AS f
      ON o.byte_offset = f.byte_offset AND o.event_uuid = f.event_uuid
      AND o.generation_id <> f.generation_id
    ORDER BY 1
    """
    rows = "SELECT * EXCLUDE (file_id, generation_id) FROM attempt_records WHERE"
    compare = f"{rows} file_id = $1 EXCEPT {rows} generation_id = $2 LIMIT 1"
    known = [number for (number,) in db.rows(begun, [file_id])]
    return next((n for n in known if not db.rows(compare, [file_id, n])), None)
