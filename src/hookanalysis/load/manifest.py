"""What was loaded: files as they were offered, and generations as they are recognised by content.

A generation is one growing log or one export, however its file is named or packed. Its identity is
the hash of all bytes loaded, never a name, an inode or a size (reference: exactly-once loading).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from blake3 import blake3

from hookanalysis.database import Database
from hookanalysis.errors import HookAnalysisError, InputError
from hookanalysis.read.postgres import find_table
from hookanalysis.read.sources import Source, print_path
from hookanalysis.tables import MERGED, RESULTS, TABLES

_ROTATION = re.compile(
    r"([._-]\d{4}-?\d{2}-?\d{2}([T_-]?\d{2}([:.-]?\d{2}){0,2})?|\.\d{1,4}|\.(gz|zst|bz2|xz|zip))+$"
)
_DATE_BEFORE_SUFFIX = re.compile(r"[._-]\d{4}-?\d{2}-?\d{2}([T_-]?\d{2})?(?=\.\w+$)")

# Tables that hold the rows of generations.
_GENERATED = "receipt_records", "attempt_records", "rejects", "activity", "files", "generations"

# What changes when a generation grows. Its stream, zone and format stay as they were first told.
_CHANGING = ("completeness", "content_hash", "loaded_bytes", "loaded_lines", "integrity")


@dataclass(frozen=True)
class FileReport:
    """What became of one file. Counts and times (UTC) are of this load's records.

    `layer` is that of a receiver's log: as told, else as such logs usually are.
    `error` says why it was refused, `lacking` which stream and layer lack it;
    `tail_bytes` are those of a last line that is not finished yet; `damaged`: its end is lost.
    """

    path: str
    status: str
    reason: str = ""
    format: str = ""
    layer: str | None = None
    records: int = 0
    kept: int = 0
    rejected: int = 0
    ignored: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    tail_bytes: int = 0
    lacking: tuple[str | None, str | None] = (None, None)
    error: HookAnalysisError | None = None
    damaged: bool = False

    @property
    def unsound(self) -> bool:
        """Not all of it could be read."""
        return self.status == "refused" or self.rejected > 0 or self.damaged

    @property
    def read_as(self) -> str:
        """Its format and layer."""
        return f"{self.format} ({self.layer})" if self.layer else self.format

    def __str__(self) -> str:
        parts = [self.status.ljust(9), self.path, self.read_as]
        if self.status in {"loaded", "grown"}:
            parts.append(
                f"{self.records:,} records, {self.kept:,} kept, {self.rejected:,} rejected"
            )
        if self.first_at and self.last_at:
            parts.append(f"{self.first_at:%Y-%m-%d %H:%M} to {self.last_at:%Y-%m-%d %H:%M} UTC")
        if self.tail_bytes:
            parts.append(
                f"last line unfinished ({self.tail_bytes:,} bytes), left for the next load"
            )
        parts.append(self.reason)
        return "  ".join(part for part in parts if part).replace("\n", "\\n")


@dataclass(frozen=True)
class Generation:
    """A generation as far as recognition needs it; `zoned`: some of its times name their zone."""

    generation_id: int
    loaded_bytes: int
    loaded_lines: int
    content_hash: str
    zoned: bool
    head_hash: str
    stream: str


def next_number(db: Database, table: str, column: str) -> int:
    """The next number for a row of `table`."""
    return int(db.rows(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")[0][0])


def stream_of(path: Path, told: str | None = None) -> str:
    """The stream that a file belongs to: as told, else its folder and its name before rotation."""
    if told:
        return told
    name = _ROTATION.sub("", path.name) or path.name
    name = _DATE_BEFORE_SUFFIX.sub("", name)
    folder = path.absolute().parent.name
    return print_path(f"{folder}/{name}" if folder else name)


def head_hash(head: bytes) -> str:
    """A cheap first sign that two files may be one log: the hash of the first line."""
    return blake3(head.partition(b"\n")[0][:65536]).hexdigest()


def list_generations(db: Database, head_hash: str | None = None) -> list[Generation]:
    """The generations that files may go on with: all, or those whose first line has this hash."""
    rows = db.rows(
        """
        SELECT
          generation_id, loaded_bytes, loaded_lines, content_hash, timezone IS NULL AND
          generation_id IN (SELECT generation_id FROM activity) AS zoned, head_hash, stream
        FROM generations
        WHERE loaded_bytes > 0 AND ($head IS NULL OR head_hash = $head)
        ORDER BY loaded_bytes DESC, generation_id
        """,
        {"head": head_hash},
    )
    return [Generation(*row) for row in rows]


def choose_own(db: Database, known: Iterable[Generation], path: str) -> list[int]:
    """Of generations that hold a file, those that were loaded from its path; else the first."""
    ids = [generation.generation_id for generation in known]
    query = (
        "SELECT DISTINCT generation_id FROM files"
        " WHERE path = ? AND generation_id IN (SELECT UNNEST(?))"
    )
    return [row[0] for row in db.rows(query, [path, ids])] or ids[:1]


def take_out_edited(db: Database, file_id: int, path: str) -> None:
    """Take out what a file was before it was edited: of its path, with a record at its place."""
    query = """
    WITH records AS (
      SELECT file_id, generation_id, byte_offset, hash(record_hash) AS sign FROM receipt_records
      UNION ALL
      SELECT file_id, generation_id, byte_offset, hash(attempt_id, row_hash) FROM attempt_records
    )
    SELECT DISTINCT old.generation_id
    FROM records AS new JOIN records AS old USING (byte_offset, sign)
    JOIN files ON files.generation_id = old.generation_id AND path = $2
    WHERE new.file_id = $1 AND old.generation_id <> new.generation_id
    """
    if old := [number for (number,) in db.rows(query, [file_id, path])]:
        take_out(db, old)


def forget(db: Database, paths: Iterable[str | Path], stream: str | None) -> tuple[str, ...]:
    """Take back what was loaded: the tables are as if it had never been. Returns the paths.

    A log goes whole, under each name that it was loaded by. So do all results, which rest on it.

    Raises:
        InputError: Nothing was loaded from one of `paths`, or there is no such stream.
    """
    known = db.rows(
        """
        SELECT generation_id, file_id, path, coalesce(stream, lacking_stream)
        FROM files LEFT JOIN generations USING (generation_id) ORDER BY file_id
        """
    )
    given = [table.name if (table := find_table(p)) else print_path(Path(p)) for p in paths]
    found = {
        path: [r for r in known if Path(r[2]).absolute().is_relative_to(Path(path).absolute())]
        for path in given
    }
    if stream is not None:
        found[stream] = [row for row in known if row[3] == stream]
    for name, rows in found.items():
        streams = sorted({row[3] for row in rows if row[2] == name and row[3]})
        if len(streams) > 1:
            hint = f"take one of them back by --stream: {', '.join(streams)}"
            raise InputError("several logs were loaded by this name", where=name, hint=hint)
        if not rows:
            hint = "name it as `load` was given it; `hookanalysis status` lists what is loaded"
            raise InputError("nothing is loaded that could be forgotten", where=name, hint=hint)
    logs = {row[0] for rows in found.values() for row in rows} - {None}
    files = {row[1] for rows in found.values() for row in rows}
    with db.transaction():
        take_out(db, logs)
        db.con.execute("DELETE FROM files WHERE file_id IN (SELECT UNNEST($1))", [[*files]])
    db.con.execute("CHECKPOINT")
    return tuple(dict.fromkeys(r[2] for r in known if r[0] in logs or r[1] in files))


def drop_records(db: Database, before: datetime) -> tuple[str, ...]:
    """Drop the records of logs and exports that end before a time, and all results; their paths.

    They go whole, and only with all that concerns their events: half an export would testify of
    what it lacks. The manifest keeps them, so that they are not loaded again.
    """
    rows = db.rows(
        """
        WITH times AS (
          SELECT generation_id, event_uuid, COALESCE(attempted_at, created_at, 'infinity') AS at_
          FROM attempt_records
          UNION ALL SELECT generation_id, event_uuid, COALESCE(logged_at, 'infinity')
          FROM receipt_records
          UNION ALL SELECT generation_id, NULL, last_at FROM activity
        ),
        young AS (SELECT DISTINCT event_uuid FROM times WHERE at_ >= $1 AND event_uuid IS NOT NULL)
        SELECT generation_id FROM times LEFT JOIN young AS y USING (event_uuid)
        GROUP BY generation_id HAVING MAX(at_) < $1 AND COUNT(y.event_uuid) = 0
        """,
        [before],
    )
    gone = [generation for (generation,) in rows]
    _take(db, gone, [table for table in _GENERATED if table not in {"files", "generations"}])
    paths = db.rows(
        """
        UPDATE files SET ignored = ignored + kept + rejected, kept = 0, rejected = 0
        WHERE generation_id IN (SELECT UNNEST($1)) RETURNING path
        """,
        [gone],
    )
    return tuple(dict.fromkeys(path for (path,) in paths))


def take_out(db: Database, generations: Iterable[int]) -> None:
    """Take out generations, with the files that they were read from, and all results."""
    _take(db, [*generations], _GENERATED)


def _take(db: Database, gone: list[int], tables: Iterable[str]) -> None:
    for table in tables:
        db.con.execute(f"DELETE FROM {table} WHERE generation_id IN (SELECT UNNEST($1))", [gone])
    for result in (*MERGED, *RESULTS):
        while db.has(result.name):  # of this connection, and of the workspace
            db.con.execute(f"DROP TABLE {result.name}")
    db.con.execute("UPDATE meta SET reconciled_file_id = NULL, reconciled_as = NULL")


def write_generation(db: Database, values: dict[str, Any], *, grown: bool) -> None:
    """Insert a row of `generations`, or bring it up to date."""
    if grown:
        changes = ", ".join(f"{name} = ${name}" for name in _CHANGING)
        db.con.execute(
            # A server's log in which an application was once heard stays one of both.
            f"UPDATE generations SET {changes}, layer = IF(layer = 'edge', $layer, layer)"
            " WHERE generation_id = $generation_id",
            {name: values[name] for name in (*_CHANGING, "layer", "generation_id")},
        )
        return
    marks = ", ".join(f"${name}" for name in TABLES["generations"].names)
    db.con.execute(f"INSERT INTO generations VALUES ({marks})", values)


def write_file(
    db: Database,
    report: FileReport,
    source: Source | Mapping[str, Any] | None,
    place: tuple[int, int | None, int],
) -> None:
    """Insert a row of `files`.

    `source` is the file, or a row of `files` that tells its sizes; `place` is file, generation and
    the byte where this load began.
    """
    told = (*vars(report).items(), *_measure(source).items())
    values = {name: value for name, value in told if name in TABLES["files"].names}
    values |= dict(zip(("file_id", "generation_id", "first_byte"), place, strict=True))
    values |= dict(zip(("lacking_stream", "lacking_layer"), report.lacking, strict=True))
    values["reason"] = report.reason or None
    marks = ", ".join(f"${name}" for name in TABLES["files"].names)
    db.con.execute(f"INSERT INTO files VALUES ({marks})", values)


def _measure(source: Source | Mapping[str, Any] | None) -> dict[str, Any]:
    names = "stored_bytes", "text_bytes", "tail_bytes", "stripped_bytes", "integrity"
    if source is None:
        return dict.fromkeys(names)
    if isinstance(source, Mapping):
        return {name: source[name] for name in names}
    account = source.account
    return {n: getattr(source if n == "stored_bytes" else account, n) for n in names}


def note_file(
    db: Database,
    report: FileReport,
    source: Source | Mapping[str, Any] | None = None,
    generation: int | None = None,
) -> FileReport:
    """Note an offer that brought no records: refused, unchanged (of `generation`) or empty."""
    with db.transaction():
        write_file(db, report, source, (next_number(db, "files", "file_id"), generation, 0))
    return report
