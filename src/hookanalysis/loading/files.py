"""Files → attempt and receipt records, rejects and activity: one transaction per file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hookanalysis.errors import DamagedError, InputError
from hookanalysis.parsing import formats as parsing
from hookanalysis.parsing.headed import MARK
from hookanalysis.reading.decoding import HEAD
from hookanalysis.reading.documents import holds_nothing
from hookanalysis.reading.sources import Chunk, Source, open_source
from hookanalysis.settings import Settings
from hookanalysis.settings import Source as Known
from hookanalysis.tables import ATTEMPT_RECORDS, RECEIPT_RECORDS

from . import manifest
from .manifest import FileReport
from .scratch import Scratch, Scratches
from .timezones import name_database

if TYPE_CHECKING:
    from datetime import datetime

    from hookanalysis.database import Database
    from hookanalysis.reading.sources import Account

# Called with (path, bytes of text read so far) while a file is loaded.
Progress = Callable[[str, int], None]

# An export whose rows all have one status was taken from one tab of the dashboard.
_TABS = {"failed": "failures", "success": "successes", "none": "events"}


@dataclass(frozen=True)
class LoadReport:
    """What became of each file that was offered, in the order of reading."""

    files: tuple[FileReport, ...]

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were not loaded."""
        return tuple(file for file in self.files if file.status == "refused")

    def __str__(self) -> str:
        return "\n".join(str(file) for file in self.files) or "no files"


class _SeenError(Exception):
    """Nothing in the file is new; its load is rolled back."""


def load(
    db: Database,
    paths: Iterable[str | Path],
    settings: Settings,
    known: Known | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load files and folders, in any mix; each file is loaded whole or not at all.

    Args:
        db: An open workspace.
        paths: Files and folders; folders are walked, names that begin with a dot are left out.
        settings: Endpoints, budgets, and what is known of the source folders.
        known: Format, zone, stream or layer that the caller gives for all of `paths`.
        progress: Told now and then how far reading is.

    Returns:
        One `FileReport` per file. A file that cannot be used is refused; the others are loaded.

    Raises:
        InputError: One of `paths` is the address of a database.
    """
    paths = list(paths)
    manifest.refuse_databases(paths)
    write_settings(db, settings)
    db.con.execute("UPDATE meta SET tzdata = ?", [name_database(db)])
    given = {k: v for k, v in vars(known or Known()).items() if v is not None and k != "match"}
    reports = []
    scratches = Scratches()
    try:
        for path in _walk(Path(p) for p in paths):
            told = replace(settings.source_for(str(path)), **given)
            try:
                report = _load_file(db, path, settings, told, scratches, progress)
            except DamagedError as error:
                # What it holds is not known; a damaged log must not be taken for no log.
                stream = told.stream or manifest.stream_of(path)
                report = _refuse(db, path, error, (stream, told.layer))
            except InputError as error:
                report = _refuse(db, path, error)
            reports.append(report)
    finally:
        scratches.close()
    return LoadReport(tuple(reports))


def write_settings(db: Database, settings: Settings) -> None:
    """Put the thresholds and endpoints where the SQL steps read them."""
    with db.transaction():
        db.con.execute("DELETE FROM settings")
        db.con.execute("DELETE FROM endpoints")
        db.con.execute(
            "INSERT INTO settings VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?)",
            [
                settings.grace_minutes,
                settings.tolerance_seconds,
                settings.timeout_seconds,
                settings.heartbeat_minutes,
                settings.retention_days,
                settings.same_send_seconds,
                settings.settle_seconds,
                list(settings.sender_ips),
                list(settings.test_event_types),
                settings.secret_variable,
            ],
        )
        for url in settings.endpoints:
            db.con.execute("INSERT INTO endpoints VALUES (?, ?)", [url, url_path(url)])


def url_path(url: str) -> str:
    """The path of a URL, `/` when it has none."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", url)
    return re.split(r"[?#]", path, maxsplit=1)[0] or "/"


def _walk(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if not p.is_dir())
            yield from (p for p in inside if not _hidden(p.relative_to(path)))
        else:
            yield path


def _doubt(account: Account) -> str:
    """What may be wrong with a file that was loaded."""
    if account.integrity != "whole":
        return "its end is damaged, the rest is loaded"
    return "" if account.proven else "packed without a checksum: damage in it would not show"


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _load_file(
    db: Database,
    path: Path,
    settings: Settings,
    known: Known,
    scratches: Scratches,
    progress: Progress | None,
) -> FileReport:
    source = open_source(path, max_text_bytes=int(settings.max_text_gib * 2**30))
    head = source.head()
    if not head.strip():
        return manifest.note_file(db, FileReport(str(path), "loaded", "the file is empty"), source)
    if len(head) < HEAD and holds_nothing(head):
        empty = FileReport(str(path), "loaded", "the export lists nothing")
        return manifest.note_file(db, empty, source)
    binding = parsing.detect(
        head,
        where=str(path),
        known=known,
        endpoint_paths=tuple(url_path(url) for url in settings.endpoints),
        headers=source.find_lines(MARK) if MARK in head else None,
    )
    before = manifest.recognise(db, source, head, known.stream)
    scratch = scratches.take(binding)
    file = _FileLoad(db, path, source, binding, known, before, scratch, progress)
    try:
        with db.transaction():
            report = file.run(head)
    except _SeenError as seen:
        same = FileReport(str(path), "unchanged", str(seen), binding.format.id)
        return manifest.note_file(db, same, source)
    except InputError as error:
        layer = known.layer or binding.format.layer
        ours = binding.format.side == "receiver"
        stream = known.stream or manifest.stream_of(path)
        return _refuse(db, path, error, (stream, layer) if ours else (None, None))
    db.con.execute("CHECKPOINT")
    return report


def _refuse(
    db: Database,
    path: Path,
    error: InputError,
    lacking: tuple[str | None, str | None] = (None, None),
) -> FileReport:
    reason = f"{error.what}: {error.reason}" if error.reason else error.what
    report = FileReport(str(path), "refused", reason, lacking=lacking, error=error)
    return manifest.note_file(db, report)


@dataclass
class _FileLoad:
    """One file on its way into the workspace, inside a transaction; any error rolls it back."""

    db: Database
    path: Path
    source: Source
    binding: parsing.Binding
    known: Known
    before: manifest.Generation | None
    scratch: Scratch
    progress: Progress | None
    records: int = 0
    kept: int = 0
    rejected: int = 0
    ignored: int = 0
    zoned: int = 0
    unzoned: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def run(self, head: bytes) -> FileReport:
        """Insert everything that is new in the file, and its row of the manifest."""
        before, db = self.before, self.db
        self.file_id = manifest.next_number(db, "files", "file_id")
        self.generation_id = (
            before.generation_id
            if before
            else manifest.next_number(db, "generations", "generation_id")
        )
        self.place = f"{self.file_id} AS file_id, {self.generation_id} AS generation_id"
        start = before.loaded_bytes if before else 0
        try:
            for chunk in self.source.chunks(
                self.binding.split,
                start=start,
                start_line=before.loaded_lines + 1 if before else 1,
                final=self.source.compressed or self.binding.split.kind != "lines",
            ):
                self._insert(chunk)
                if self.progress:
                    self.progress(str(self.path), chunk.end)
        finally:
            self.scratch.clear()
        account = self.source.account
        if before and account.loaded_bytes <= before.loaded_bytes:
            raise _SeenError
        self.ignored += account.ignored
        self._check_zones()
        self._check_overlap()
        manifest.write_generation(db, self._generation(head), grown=before is not None)
        report = FileReport(
            path=str(self.path),
            status="grown" if before else "loaded",
            reason=_doubt(account),
            format=self.binding.format.id,
            records=self.records,
            kept=self.kept,
            rejected=self.rejected,
            ignored=self.ignored,
            first_at=self.first_at,
            last_at=self.last_at,
            tail_bytes=account.tail_bytes,
        )
        place = (self.file_id, self.generation_id, start)
        manifest.write_file(db, report, self.source, place)
        return report

    def _insert(self, chunk: Chunk) -> None:
        con, scratch = self.db.con, self.scratch
        target = ATTEMPT_RECORDS if self._from_sender else RECEIPT_RECORDS
        scratch.parse(chunk)
        scratch.move(f"SELECT {self.place}, * FROM parsed", con, target.name)
        scratch.move(
            f"""
            SELECT {self.place}, chunk.line, byte_offset, chunk.bytes, 1 AS lines, reason,
                   CAST(NULL AS VARCHAR) AS detail
            FROM scanned JOIN chunk USING (byte_offset) WHERE verdict = 'reject'
            """,
            con,
            "rejects",
        )
        scratch.move(
            f"""
            SELECT {self.generation_id} AS generation_id, {self.file_id} AS file_id,
                   date_trunc('minute', scanned.at) AS minute_at, min(scanned.at) AS first_at,
                   max(scanned.at) AS last_at, min(line) AS first_line, max(line) AS last_line,
                   count(*) AS records, max(later_at) AS later_at
            FROM scanned WHERE scanned.at IS NOT NULL AND verdict IN ('keep', 'count')
            GROUP BY minute_at ORDER BY minute_at
            """,
            con,
            "activity",
        )
        for bad in chunk.rejects:
            con.execute(
                "INSERT INTO rejects VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    self.file_id,
                    self.generation_id,
                    bad.line,
                    bad.byte_offset,
                    bad.bytes,
                    bad.lines,
                    bad.reason,
                    bad.detail or None,
                ],
            )
        self._count(chunk)

    def _count(self, chunk: Chunk) -> None:
        records, kept, counted, rejected, ignored, *times = self.scratch.rows(
            """
            SELECT count(*) FILTER (part = 0),
                   count(*) FILTER (verdict = 'keep'), count(*) FILTER (verdict = 'count'),
                   count(*) FILTER (verdict = 'reject'), count(*) FILTER (verdict = 'ignore'),
                   count(*) FILTER (zoned), count(*) FILTER (NOT zoned),
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
        zoned, unzoned, first_at, last_at = times
        self.zoned += zoned
        self.unzoned += unzoned
        self.first_at = min(filter(None, (self.first_at, first_at)), default=None)
        self.last_at = max(filter(None, (self.last_at, last_at)), default=None)

    @property
    def _from_sender(self) -> bool:
        return self.binding.format.side == "sender"

    def _check_zones(self) -> None:
        """Refuse a file with times of no known zone, or with two kinds of times."""
        if not self.unzoned or self.known.timezone:
            return
        total = self.zoned + self.unzoned
        raise InputError(
            "the time zone is unknown",
            reason=f"{self.unzoned:,} of its {total:,} times name no zone",
            where=str(self.path),
            hint="give the zone: --timezone America/Edmonton, or `timezone` under [[sources]]",
        )

    def _check_overlap(self) -> None:
        """Refuse a log that repeats another one from a different beginning."""
        if self._from_sender or self.known.stream or not self.kept:
            return
        overlap = manifest.find_overlap(self.db, self.file_id)
        if overlap and overlap.complete:
            raise _SeenError(f"all its receipts are already loaded from {overlap.path}")
        if overlap and overlap.suspicious:
            raise InputError(
                "the file repeats records that are already loaded",
                reason=f"{overlap.twins:,} of its {overlap.receipts:,} receipts stand in "
                f"{overlap.path} as well",
                where=str(self.path),
                hint="load the log's own files instead of a joined or trimmed copy; if it is "
                "another host's log, give it a name: --stream NAME",
            )

    def _generation(self, head: bytes) -> dict[str, object]:
        format_, account = self.binding.format, self.source.account
        layer = self.known.layer or format_.layer
        return {
            "generation_id": self.generation_id,
            "side": format_.side,
            "stream": self.known.stream or manifest.stream_of(self.path),
            "layer": None if self._from_sender else layer,
            "format": format_.id,
            "timezone": self.binding.timezone if self.unzoned else None,
            "time_marks": format_.time_marks,
            "time_resolution_ms": format_.time_resolution_ms,
            "completeness": self._completeness(),
            "retention_days": format_.retention_days,
            "head_hash": manifest.head_hash(head),
            "content_hash": account.content_hash,
            "loaded_bytes": account.loaded_bytes,
            "loaded_lines": account.lines,
            "integrity": account.integrity,
        }

    def _completeness(self) -> str:
        if not self._from_sender or self.binding.format.completeness != "all":
            return self.binding.format.completeness
        statuses = self.db.rows(
            "SELECT DISTINCT status FROM attempt_records WHERE generation_id = ?",
            [self.generation_id],
        )
        return _TABS.get(statuses[0][0], "all") if len(statuses) == 1 else "all"
