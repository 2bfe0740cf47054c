"""Files → attempt and receipt records, rejects and activity: one transaction per file.

A file is known by its content, never by its name: a hash of all bytes already loaded tells whether
it is the same log again, the same log grown, or a new one (reference: exactly-once loading).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from blake3 import blake3

from . import parsing
from .database import Database
from .errors import HookAnalysisError, InputError
from .reading import Chunk, Source, open_source
from .settings import Settings
from .settings import Source as Known
from .tables import ATTEMPT_RECORDS, FILES, GENERATIONS, RECEIPT_RECORDS

# Called with (path, bytes of text read so far) while a file is loaded.
Progress = Callable[[str, int], None]

# Two logs may share a few equal lines (a double delivery over two hosts); not a run of this many.
_OVERLAP_RUN = 20

_ROTATION = re.compile(
    r"([._-]\d{4}-?\d{2}-?\d{2}([T_-]?\d{2}([:.-]?\d{2}){0,2})?|\.\d{1,4}|\.(gz|zst|bz2|xz))+$"
)
_DATE_BEFORE_SUFFIX = re.compile(r"[._-]\d{4}-?\d{2}-?\d{2}([T_-]?\d{2})?(?=\.\w+$)")


@dataclass(frozen=True)
class FileReport:
    """What became of one file. Counts are records of this load; `error` says why it was refused."""

    path: str
    status: str
    reason: str = ""
    format: str = ""
    records: int = 0
    kept: int = 0
    rejected: int = 0
    ignored: int = 0
    error: HookAnalysisError | None = None


@dataclass(frozen=True)
class LoadReport:
    """What became of each file that was offered, in the order of reading."""

    files: tuple[FileReport, ...]

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were not loaded."""
        return tuple(file for file in self.files if file.status == "refused")

    def __str__(self) -> str:
        return "\n".join(_line(file) for file in self.files) or "no files"


def _line(file: FileReport) -> str:
    counts = f"{file.records:,} records, {file.kept:,} kept, {file.rejected:,} rejected"
    told = counts if file.status in {"loaded", "grown"} else ""
    parts = [file.status.ljust(9), file.path, file.format, told, file.reason]
    return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class _Generation:
    """A row of `generations` as far as recognition needs it."""

    number: int
    loaded_bytes: int
    loaded_lines: int
    content_hash: str


class _SeenError(Exception):
    """All records of the file turned out to be loaded already; the load is rolled back."""


def load(
    db: Database,
    paths: Iterable[str | Path],
    settings: Settings,
    known: Known | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load files and folders, in any mix; each file is detected, recognised and loaded whole or not.

    Args:
        db: An open workspace.
        paths: Files and folders; folders are walked, names that begin with a dot are left out.
        settings: Endpoints, budgets, and what is known of the source folders.
        known: Format, zone, stream or layer that the caller gives for all of `paths`.
        progress: Told now and then how far reading is.

    Returns:
        One `FileReport` per file. A file that cannot be used is refused; the others are loaded.
    """
    write_settings(db, settings)
    reports = [
        _load_or_refuse(db, path, settings, known or Known(), progress)
        for path in _walk(Path(p) for p in paths)
    ]
    return LoadReport(tuple(reports))


def write_settings(db: Database, settings: Settings) -> None:
    """Put the thresholds and endpoints where the SQL steps read them."""
    with db.transaction():
        db.con.execute("DELETE FROM settings")
        db.con.execute("DELETE FROM endpoints")
        db.con.execute(
            "INSERT INTO settings VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?)",
            [
                settings.grace_minutes,
                settings.tolerance_seconds,
                settings.timeout_seconds,
                settings.heartbeat_minutes,
                settings.retention_days,
                settings.same_send_seconds,
                list(settings.sender_ips),
                list(settings.test_event_types),
            ],
        )
        for url in settings.endpoints:
            db.con.execute("INSERT INTO endpoints VALUES (?, ?)", [url, url_path(url)])


def url_path(url: str) -> str:
    """The path of a URL, `/` when it has none."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", url)
    return re.split(r"[?#]", path, maxsplit=1)[0] or "/"


def stream_of(path: Path) -> str:
    """The stream that a file belongs to by default: its folder and its name before rotation."""
    name = _ROTATION.sub("", path.name) or path.name
    name = _DATE_BEFORE_SUFFIX.sub("", name)
    folder = path.absolute().parent.name
    return f"{folder}/{name}" if folder else name


def _walk(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if not p.is_dir())
            yield from (p for p in inside if not _hidden(p.relative_to(path)))
        else:
            yield path


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _load_or_refuse(
    db: Database, path: Path, settings: Settings, given: Known, progress: Progress | None
) -> FileReport:
    try:
        source = open_source(path, max_text_bytes=int(settings.max_text_gib * 2**30))
    except InputError as error:
        return _refuse(db, path, error)
    known = settings.source_for(str(path))
    told = {k: v for k, v in vars(given).items() if v is not None and k != "match"}
    try:
        return _load_file(db, path, source, settings, replace(known, **told), progress)
    except InputError as error:
        return _refuse(db, path, error)


def _load_file(
    db: Database,
    path: Path,
    source: Source,
    settings: Settings,
    known: Known,
    progress: Progress | None,
) -> FileReport:
    head = source.head()
    if not head.strip():
        return _record(db, source, FileReport(str(path), "loaded", "the file is empty"))
    binding = parsing.detect(
        head,
        where=str(path),
        known=known,
        endpoint_paths=tuple(url_path(url) for url in settings.endpoints),
    )
    before = _recognise(db, source, head, known.stream)
    load_ = _FileLoad(db, path, source, binding, known, before, progress)
    try:
        with db.transaction():
            report = load_.run(head)
    except _SeenError as seen:
        report = FileReport(str(path), "unchanged", str(seen), binding.format.id)
        return _record(db, source, report)
    db.con.execute("CHECKPOINT")
    return report


def _recognise(
    db: Database, source: Source, head: bytes, stream: str | None
) -> _Generation | None:
    """The generation that the file repeats or continues, if any: the longest proven prefix."""
    rows = db.rows(
        """
        SELECT generation_id, loaded_bytes, loaded_lines, content_hash FROM generations
        WHERE head_hash = ? AND (?::VARCHAR IS NULL OR stream = ?) AND loaded_bytes > 0
        ORDER BY loaded_bytes DESC, generation_id
        """,
        [_head_hash(head), stream, stream],
    )
    if not rows:
        return None
    hashes = source.hashes(sorted({row[1] for row in rows}))
    found = (_Generation(*row) for row in rows if hashes.get(row[1]) == row[3])
    return next(found, None)


@dataclass
class _FileLoad:
    """One file on its way into the workspace, inside a transaction."""

    db: Database
    path: Path
    source: Source
    binding: parsing.Binding
    known: Known
    before: _Generation | None
    progress: Progress | None
    records: int = 0
    kept: int = 0
    rejected: int = 0
    ignored: int = 0
    unzoned: int = 0
    zoned: int = 0

    def run(self, head: bytes) -> FileReport:
        """Insert everything; raises to roll back."""
        self.file_id = _next(self.db, "files", "file_id")
        before = self.before
        self.generation = before.number if before else _next(self.db, "generations", "generation_id")
        self.start = before.loaded_bytes if before else 0
        start_line = before.loaded_lines + 1 if before else 1
        for chunk in self.source.chunks(
            self.binding.split,
            start=self.start,
            start_line=start_line,
            final=self.source.compressed or self.binding.split.kind != "lines",
        ):
            self._insert(chunk)
            if self.progress:
                self.progress(str(self.path), chunk.end)
        if before and self.source.account.loaded_bytes <= before.loaded_bytes:
            raise _SeenError
        self.ignored += self.source.account.ignored
        self._check_zones()
        self._check_overlap()
        self._write_generation(head)
        status = "grown" if before else "loaded"
        reason = "its end is damaged: the readable part was loaded"
        report = FileReport(
            str(self.path),
            status,
            reason if self.source.account.integrity == "truncated" else "",
            self.binding.format.id,
            self.records,
            self.kept,
            self.rejected,
            self.ignored,
        )
        _write_file(self.db, self.file_id, self.generation, self.start, self.source, report)
        return report

    @property
    def _target(self) -> str:
        sender = self.binding.format.side == "sender"
        return ATTEMPT_RECORDS.name if sender else RECEIPT_RECORDS.name

    def _insert(self, chunk: Chunk) -> None:
        con = self.db.con
        place = f"{self.file_id} AS file_id, {self.generation} AS generation_id"
        con.register("chunk", chunk)
        con.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {self.binding.scan_sql}")
        con.unregister("chunk")
        con.execute(f"INSERT INTO {self._target} SELECT {place}, * FROM ({self.binding.fields_sql})")
        con.execute(
            f"""
            INSERT INTO rejects
            SELECT {place}, line, byte_offset, strlen(record), 1, reason, NULL
            FROM scanned WHERE verdict = 'reject'
            """
        )
        for reject in chunk.rejects:
            con.execute(
                f"INSERT INTO rejects VALUES ({self.file_id}, {self.generation}, ?, ?, ?, ?, ?, ?)",
                [
                    reject.line,
                    reject.byte_offset,
                    reject.bytes,
                    reject.lines,
                    reject.reason,
                    reject.detail or None,
                ],
            )
        con.execute(
            f"""
            INSERT INTO activity
            SELECT {self.generation}, {self.file_id}, date_trunc('minute', at), min(at), max(at),
                   min(line), max(line), count(*)
            FROM scanned WHERE at IS NOT NULL AND verdict IN ('keep', 'count')
            GROUP BY date_trunc('minute', at) ORDER BY 3
            """
        )
        self._count(chunk)

    def _count(self, chunk: Chunk) -> None:
        kept, counted, rejected, ignored, unzoned, zoned = self.db.rows(
            """
            SELECT count(*) FILTER (verdict = 'keep'), count(*) FILTER (verdict = 'count'),
                   count(*) FILTER (verdict = 'reject'), count(*) FILTER (verdict = 'ignore'),
                   count(*) FILTER (NOT zoned), count(*) FILTER (zoned)
            FROM scanned
            """
        )[0]
        if kept + counted + rejected + ignored != chunk.records:
            raise AssertionError("a record got lost between reading and parsing")
        self.records += chunk.records + len(chunk.rejects)
        self.kept += kept
        self.rejected += rejected + len(chunk.rejects)
        self.ignored += ignored
        self.unzoned += unzoned
        self.zoned += zoned

    def _check_zones(self) -> None:
        if not self.unzoned or (self.binding.timezone and not self.zoned):
            return
        if not self.binding.timezone:
            reason = f"{self.unzoned:,} of its times name no zone"
        else:
            reason = f"{self.zoned:,} of its times name a zone, {self.unzoned:,} do not"
            if self.known.timezone:
                return
        raise InputError(
            "the time zone is unknown",
            reason=reason,
            where=str(self.path),
            hint="give the zone: --timezone America/Edmonton, or `timezone` under [[sources]]",
        )

    def _check_overlap(self) -> None:
        """Refuse a log whose records are already there under another beginning.

        A trimmed copy (`tail`), or several logs in one file (`cat`), is no prefix of anything.
        """
        if self.binding.format.side == "sender" or self.known.stream or not self.kept:
            return
        twins, generation = self.db.rows(
            """
            WITH fresh AS (
              SELECT logged_at, record_hash FROM receipt_records WHERE file_id = $file
            ), range AS (
              SELECT min(logged_at) AS low, max(logged_at) AS high FROM fresh
            ), twins AS (
              SELECT old.generation_id, count(DISTINCT (old.logged_at, old.record_hash)) AS n
              FROM receipt_records AS old
              JOIN fresh ON old.logged_at = fresh.logged_at AND old.record_hash = fresh.record_hash
              WHERE old.file_id <> $file AND old.generation_id <> $generation
                AND old.logged_at BETWEEN (SELECT low FROM range) AND (SELECT high FROM range)
              GROUP BY old.generation_id
            )
            SELECT coalesce(max(n), 0), arg_max(generation_id, n) FROM twins
            """,
            {"file": self.file_id, "generation": self.generation},
        )[0]
        if twins == 0:
            return
        distinct = self.db.rows(
            "SELECT count(DISTINCT (logged_at, record_hash)) FROM receipt_records WHERE file_id = ?",
            [self.file_id],
        )[0][0]
        origin = self.db.rows(
            "SELECT min(path) FROM files WHERE generation_id = ? AND status = 'loaded'", [generation]
        )[0][0]
        if twins == distinct:
            raise _SeenError(f"all its records are already loaded from {origin}")
        if twins >= _OVERLAP_RUN:
            raise InputError(
                "the file repeats records that are already loaded",
                reason=f"{twins:,} of {distinct:,} receipts stand in {origin} as well",
                where=str(self.path),
                hint="load the log's own files instead of a joined or trimmed copy; if it really "
                "is another host's log, give it a name: --stream NAME",
            )

    def _write_generation(self, head: bytes) -> None:
        format_, account = self.binding.format, self.source.account
        values = {
            "generation_id": self.generation,
            "side": format_.side,
            "stream": self.known.stream or stream_of(self.path),
            "layer": self.known.layer or format_.layer if format_.side == "receiver" else None,
            "format": format_.id,
            "timezone": self.binding.timezone if self.unzoned else None,
            "time_marks": format_.time_marks,
            "time_resolution_ms": format_.time_resolution_ms,
            "completeness": self._completeness(),
            "head_hash": _head_hash(head),
            "content_hash": account.content_hash,
            "loaded_bytes": account.loaded_bytes,
            "loaded_lines": account.lines,
            "integrity": account.integrity,
        }
        con = self.db.con
        if self.before:
            # The stream and zone stay as they were first told: they belong to the log.
            con.execute(
                """
                UPDATE generations SET completeness = $completeness, content_hash = $content_hash,
                  loaded_bytes = $loaded_bytes, loaded_lines = $loaded_lines, integrity = $integrity
                WHERE generation_id = $generation_id
                """,
                {k: values[k] for k in (*_CHANGING, "generation_id")},
            )
            return
        marks = ", ".join("?" for _ in GENERATIONS.columns)
        con.execute(
            f"INSERT INTO generations VALUES ({marks})", [values[name] for name in GENERATIONS.names]
        )

    def _completeness(self) -> str:
        """Whether a sender's export holds all statuses, or was taken from one tab."""
        if self.binding.format.side == "receiver":
            return "all"
        statuses = {
            row[0]
            for row in self.db.rows(
                "SELECT DISTINCT status FROM attempt_records WHERE generation_id = ?",
                [self.generation],
            )
        }
        one_tab = {"failed": "failures", "success": "successes", "none": "events"}
        return one_tab.get(next(iter(statuses), ""), "all") if len(statuses) == 1 else "all"


_CHANGING = ("completeness", "content_hash", "loaded_bytes", "loaded_lines", "integrity")


def _head_hash(head: bytes) -> str:
    """A cheap first sign that two files may be one log: the hash of the first line."""
    return blake3(head.partition(b"\n")[0][:65536]).hexdigest()


def _next(db: Database, table: str, column: str) -> int:
    return int(db.rows(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")[0][0])


def _refuse(db: Database, path: Path, error: InputError) -> FileReport:
    reason = f"{error.what}: {error.reason}" if error.reason else error.what
    report = FileReport(str(path), "refused", reason, error=error)
    return _record(db, None, report)


def _record(db: Database, source: Source | None, report: FileReport) -> FileReport:
    """Note in the manifest a file that brought no records."""
    with db.transaction():
        _write_file(db, _next(db, "files", "file_id"), None, 0, source, report)
    return report


def _write_file(
    db: Database,
    file_id: int,
    generation: int | None,
    start: int,
    source: Source | None,
    report: FileReport,
) -> None:
    account = source.account if source else None
    values = {
        "file_id": file_id,
        "generation_id": generation,
        "path": report.path,
        "status": report.status,
        "reason": report.reason or None,
        "stored_bytes": source.stored_bytes if source else None,
        "text_bytes": account.text_bytes if account else None,
        "first_byte": start,
        "records": report.records,
        "kept": report.kept,
        "rejected": report.rejected,
        "ignored": report.ignored,
        "tail_bytes": account.tail_bytes if account else None,
        "stripped_bytes": account.stripped_bytes if account else None,
        "integrity": account.integrity if account else None,
    }
    marks = ", ".join("?" for _ in FILES.columns)
    db.con.execute(f"INSERT INTO files VALUES ({marks})", [values[name] for name in FILES.names])
