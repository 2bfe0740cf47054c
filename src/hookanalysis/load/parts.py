"""A file's rows, read apart from the workspace that they are for, and gathered into it.

Several files are read at a time, each by itself; what rests on other rows is done when their parts
are gathered, in the order of the paths. So the tables are those of a load one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hookanalysis.database import Database, Stream, lend
from hookanalysis.errors import InputError
from hookanalysis.settings import Known
from hookanalysis.tables import TABLES

from . import manifest
from .manifest import FileReport
from .offers import Apart, Wishes, load_offer, refuse
from .transfers import Offer, SeenError, check_overlap

# What a part holds beside its rows of `files` and `generations`.
ROWS = ("attempt_records", "receipt_records", "rejects", "activity")


@dataclass(frozen=True)
class Part:
    """What one file holds, read apart. Numbers of files and generations are its own."""

    report: FileReport  # what became of it
    file: dict[str, Any] | None  # its row of `files`; None for one that is passed over
    generation: dict[str, Any] | None = None  # its row of `generations`, where it brings records
    # Table → what gives its rows as an Arrow stream.
    rows: Mapping[str, object] = field(default_factory=dict)
    head_hash: str = ""  # of its first line, where it was recognised by it
    # The generation of the workspace that it repeats or continues.
    before: manifest.Generation | None = None
    again: bool = False  # it takes the place of what its file was before it was edited


class ArrowFile:
    """Rows in a file of Arrow's stream format, which may be read more than once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from nanoarrow.ipc import InputStream

        return InputStream.from_path(self.path).__arrow_c_stream__(requested_schema)

    @classmethod
    def write(cls, rows: object, path: Path) -> ArrowFile:
        """Write rows that are given as an Arrow stream."""
        from nanoarrow.ipc import StreamWriter

        with StreamWriter.from_path(path) as writer:
            writer.write_stream(rows)
        return cls(path)


def read_part(
    db: Database,
    offer: Offer,
    wishes: Wishes,
    folder: Path,
    generations: Iterable[manifest.Generation] = (),
) -> Part:
    """Read a file apart, in a workspace that is empty again at the end.

    Its rows go to files of `folder` that are named as their tables.

    Raises:
        StorageError: The disk is full or broken.
        OrderError: It can only be read into the workspace.
    """
    apart = Apart(tuple(generations))
    try:
        report = load_offer(db, offer, wishes, apart)
        rows = {
            name: ArrowFile.write(Stream(db.con, f"FROM {name}"), folder / name)
            for name in ROWS
            if db.rows(f"SELECT 1 FROM {name} LIMIT 1")
        }
        file, generation = (_first_row(db, name) for name in ("files", "generations"))
    finally:
        for name in ("files", "generations", *ROWS):
            db.con.execute(f"TRUNCATE {name}")
    return Part(report, file, generation, rows, apart.head_hash, apart.before, wishes.again)


def _first_row(db: Database, table: str) -> dict[str, Any] | None:
    cursor = db.con.execute(f"FROM {table}")
    names = TABLES[table].names
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def gather(
    db: Database, part: Part, known: Known, *, old: Iterable[int] = (), begun: Sequence[int] = ()
) -> FileReport:
    """Bring a part into the workspace, in one transaction, whole or not at all.

    It takes the place of the generations `old`; where its text is not at hand, it may begin with
    one of `begun`.
    """
    report, generation = part.report, part.generation
    if part.file is None:
        return report
    if generation is None:
        same = part.before.generation_id if part.before and report.status == "unchanged" else None
        return manifest.note_file(db, report, part.file, same)
    try:
        with db.transaction():
            if old:
                manifest.take_out(db, old)
            file_id = _insert(db, part, part.file, generation)
            if begun:
                _check_beginning(db, file_id, begun, report.path)
            if part.again:
                manifest.take_out_edited(db, file_id, report.path)
            if report.kept:
                check_overlap(db, file_id, report.path, known)
    except SeenError as seen:
        report = FileReport(report.path, "unchanged", str(seen), report.format)
        return manifest.note_file(db, report, part.file, seen.generation_id)
    except InputError as error:
        return refuse(db, report.path, error, (generation["stream"], generation["layer"]))
    db.con.execute("CHECKPOINT")
    return report


def _insert(db: Database, part: Part, file: dict[str, Any], generation: dict[str, Any]) -> int:
    """Insert all rows of a part under numbers of the workspace; returns that of its file."""
    before, number = part.before, manifest.next_number
    file_id = number(db, "files", "file_id")
    generation_id = before.generation_id if before else number(db, "generations", "generation_id")
    for table, rows in part.rows.items():
        with lend(db.con, part_rows=rows):
            db.con.execute(
                f"INSERT INTO {table} BY NAME SELECT * REPLACE"
                f" ({file_id} AS file_id, {generation_id} AS generation_id) FROM part_rows"
            )
    values = generation | {"generation_id": generation_id}
    manifest.write_generation(db, values, grown=part.before is not None)
    manifest.write_file(db, part.report, file, (file_id, generation_id, file["first_byte"]))
    return file_id


def _check_beginning(db: Database, file_id: int, begun: Iterable[int], name: str) -> None:
    """Refuse a log that goes on with another one: its first records are those of that one."""
    rows = db.rows(
        """
        SELECT min(files.path) FROM receipt_records AS known JOIN files USING (generation_id)
        LEFT JOIN receipt_records AS fresh
          ON fresh.file_id = $file AND fresh.byte_offset = known.byte_offset
          AND fresh.record_hash = known.record_hash
        WHERE known.generation_id IN (SELECT UNNEST($begun))
        GROUP BY known.generation_id HAVING count(*) = count(fresh.byte_offset)
        """,
        {"file": file_id, "begun": [*begun]},
    )
    if rows:
        raise InputError(
            "the file begins as one that is loaded, and goes on",
            reason=f"its first records are those of {rows[0][0]}",
            where=name,
            hint="load both by `hookanalysis load`, which reads on where the first one ends",
        )
