"""Logs in object storage, read by Spark with this package's own loader; one task an object.

A lake is Parquet of the contract's tables, one folder each. `fetch` makes an ordinary workspace of
it, by the code that gathers what several processes of one machine have read.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from hookanalysis.database import Database, Stream
from hookanalysis.errors import InputError
from hookanalysis.opening import connect_memory
from hookanalysis.outputs import work_folder
from hookanalysis.settings import Known, Settings, read_settings
from hookanalysis.tables import TABLES

from . import manifest
from .files import LoadReport, find_lacks, prepare
from .manifest import FileReport
from .offers import Wishes
from .parts import ROWS, Part, gather, read_part
from .transfers import Offer, Progress

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


# Spark hands over an object as one value of a row.
_MOST_BYTES = 2**31 - 1
# What a task's own database may take before it spills; a chunk is read beside it.
_MEMORY = "400MB"
_RANDOM = re.compile(r"(?=[^\W_]*\d)[^\W_]{8,}")
# Spark knows no unsigned numbers.
_TYPES = {"UBIGINT": "DECIMAL(20,0)"}
_SPARK = {"VARCHAR": "string", "VARCHAR[]": "array<string>", "TIMESTAMP": "timestamp_ntz"}
_COLUMNS = {c.name: _TYPES.get(c.type, c.type) for name in ROWS for c in TABLES[name].columns}
_OWN = {"table": "VARCHAR", "object": "VARCHAR", "manifest": "VARCHAR"}


@dataclass(frozen=True)
class Lake(LoadReport):
    """What became of each object; and the folder where all rows lie."""

    path: str = ""


def load(
    spark: SparkSession,
    paths: Sequence[str],
    to: str,
    *,
    settings: Settings | str | Path | None = None,
    **known: Any,
) -> Lake:
    """Read objects into a lake; each is read whole, by one task.

    Args:
        spark: A session, whose workers have this package and one version of DuckDB.
        paths: Objects and folders, as Spark names them (`s3a://logs/edge/2026/11/28/`).
        to: A folder that is not there yet.
        settings: As for `hookanalysis.connect`.
        known: What the objects do not say: `stream`, `timezone` and more, as for `Workspace.load`.

    Returns:
        The lake, for `fetch`, with what each object gave.

    Raises:
        InputError: An object has more than 2 GB; or the names of objects are random, and no stream
            is named.
    """
    wishes = Wishes(read_settings(settings), Known(**known))
    objects = spark.read.format("binaryFile").option("recursiveFileLookup", value=True)
    found = objects.load([*paths])
    sizes = {row[0]: row[1] for row in found.select("path", "length").collect()}
    _check_objects(sizes, wishes)
    types = {name: _SPARK.get(kind, kind) for name, kind in (_OWN | _COLUMNS).items()}

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _read(batches, wishes, [*paths])

    one = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(one)
    spark.conf.set(one, "1")  # a batch of large objects would not fit into the memory
    try:
        schema = ", ".join(f"`{name}` {kind}" for name, kind in types.items())
        rows = found.mapInArrow(read, schema)
        rows.write.partitionBy("table").parquet(to)
    finally:
        spark.conf.set(one, str(before))
    told = spark.read.parquet(f"{to}/table=files").select("manifest").collect()
    reports = sorted((json.loads(row[0]) for row in told), key=itemgetter("order"))
    return Lake(tuple(map(_report, reports)), path=to)


def _check_objects(sizes: dict[str, int], wishes: Wishes) -> None:
    if not sizes:
        raise InputError("there is nothing to load", hint="name objects or folders that are there")
    for path, size in sizes.items():
        if size > _MOST_BYTES:
            raise InputError(
                "the object is too large for Spark",
                reason=f"it has {size / 1e9:.1f} GB, and a task takes 2 GB at most",
                where=path,
                hint="let it be rotated sooner, or read it by `hookanalysis load`",
            )
    names = sorted(_name(path) for path in sizes)
    streams = {n: manifest.stream_of(Path(n), wishes.known_of(n).stream) for n in names}
    alike = sorted((_RANDOM.sub("*", stream), stream) for stream in {*streams.values()})
    for (shape, one), (other_shape, other) in pairwise(alike):
        if shape == other_shape and "*" in shape:
            raise InputError(
                "the names of the objects do not say which log they are of",
                reason=f"they look random: {one}, {other}",
                hint='name it: load(…, stream="edge"), or `stream` under [[sources]]',
            )


def _name(path: str) -> str:
    """A local object is called as any file is."""
    return re.sub("^file:/+", "/", path)


def _read(
    batches: Iterable[pa.RecordBatch], wishes: Wishes, paths: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """What a task does: objects in, rows of the lake out."""
    with work_folder() as folder, Database(":memory:", memory=_MEMORY, spill=folder / "_") as db:
        for number, row in enumerate(row for batch in batches for row in batch.to_pylist()):
            name = _name(row["path"])
            # As its folder and its own name say, from which the stream is named.
            file = folder / f"{number}" / Path(name).absolute().parent.name / Path(name).name
            file.parent.mkdir(parents=True)
            file.write_bytes(row["content"])
            os.utime(file, (row["modificationTime"].timestamp(),) * 2)
            place = folder / f"{number}-rows"
            place.mkdir()
            part = read_part(db, Offer(file, name, found=True), wishes, place)
            file.unlink()
            given = [n for n, path in enumerate(paths) if name.startswith(_name(path))]
            order = (min(given, default=0), *name.split("/"))
            yield from _tell(part, order, wishes.known_of(name).stream)


def _tell(part: Part, order: Sequence[object], stream: str | None) -> Iterator[pa.RecordBatch]:
    """The rows of a part as those of the lake."""
    import pyarrow as pa

    report = {f.name: getattr(part.report, f.name) for f in fields(FileReport)}
    error = part.report.error
    report |= {"first_at": None, "last_at": None, "error": error and vars(error)}
    told = json.dumps(
        {
            "duckdb": duckdb.__version__,
            "order": order,
            "report": report,
            "file": part.file,
            "generation": part.generation,
            "stream": stream,
        }
    )
    wide = ", ".join(f'"{name}" {kind}' for name, kind in (_OWN | _COLUMNS).items())
    rows = "SELECT '{}' AS \"table\", told.object, given.* FROM given, told"
    with connect_memory() as con:
        con.execute(f"CREATE TABLE wide ({wide})")
        con.execute(
            "CREATE TABLE told AS SELECT $1 AS object, $2 AS manifest", [part.report.path, told]
        )
        for table, given in (("files", None), *part.rows.items()):
            if given:
                con.register("given", given)
            chosen = rows.format(table) if given else "SELECT 'files' AS \"table\", * FROM told"
            query = f"FROM wide UNION ALL BY NAME {chosen}"
            yield from pa.RecordBatchReader.from_stream(Stream(con, query))


def fetch(
    lake: Lake | str,
    workspace: str | Path | Database,
    *,
    settings: Settings | str | Path | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Gather a lake into a workspace, each object in one transaction, in the order of paths.

    Args:
        lake: What `load` gave; or its folder, also in a store that Arrow reads (`s3a://`, `gs://`).
        workspace: A workspace, or its file; it is made when missing.
        settings: As for `hookanalysis.connect`.
        progress: Called with the path of each object and the bytes of its text.

    Returns:
        What each object gave, and what is missing to judge.

    Raises:
        InputError: Another version of DuckDB made the lake.
    """
    if not isinstance(workspace, Database):
        with Database(workspace) as db:
            return fetch(lake, db, settings=settings, progress=progress)
    prepare(workspace, read_settings(settings))
    stored = _Stored(lake.path if isinstance(lake, Lake) else lake)
    reports = []
    for told in stored.told():
        reports.append(_gather(workspace, told, stored))
        if progress:
            progress(told["report"]["path"], (told["file"] or {}).get("text_bytes") or 0)
    return LoadReport(tuple(reports), find_lacks(workspace))


def _gather(db: Database, told: dict[str, Any], stored: _Stored) -> FileReport:
    report, generation, known = _report(told), told["generation"], Known(stream=told["stream"])
    rows = {name: found for name in ROWS if (found := stored.rows(name, report.path)) is not None}
    part = Part(report, told["file"], generation, rows)
    if not generation:
        return gather(db, part, known)
    begun = [
        found
        for found in manifest.list_generations(db, generation["head_hash"])
        if known.stream in {None, found.stream}
    ]
    for found in begun:
        if found.content_hash == generation["content_hash"]:
            same = FileReport(report.path, "unchanged", format=report.format)
            return manifest.note_file(db, same, part.file, found.generation_id)
    return gather(db, part, known, begun=[found.generation_id for found in begun])


def _report(told: dict[str, Any]) -> FileReport:
    values = dict(told["report"])
    values["lacking"] = tuple(values["lacking"])
    values["error"] = values["error"] and InputError(**values["error"])
    return FileReport(**values)


class _Stored:
    """A lake as it lies in its store."""

    def __init__(self, place: str) -> None:
        from pyarrow import dataset, fs

        system, path = None, place
        if "://" in place:
            system, path = fs.FileSystem.from_uri(re.sub("^s3a", "s3", place))
        self._places: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for fragment in dataset.dataset(path, filesystem=system, format="parquet").get_fragments():
            names = fragment.to_table(columns=["object"])["object"].unique().to_pylist()
            table = re.findall("/table=(.*?)/", fragment.path)[-1]
            for name in names:
                self._places[table, name].append(fragment)

    def rows(self, table: str, name: str, columns: Sequence[str] = ()) -> pa.Table | None:
        """The rows of an object in a table; None without any."""
        import pyarrow as pa
        from pyarrow import compute

        names = [*(columns or TABLES[table].names)]
        chosen = compute.field("object") == name
        found = [
            f.to_table(columns=names, filter=chosen) for f in self._places.get((table, name), ())
        ]
        return pa.concat_tables(found) if found else None

    def told(self) -> list[dict[str, Any]]:
        """What tasks tell of each object, in the order of paths."""
        tables = [self.rows(t, n, ["manifest"]) for t, n in self._places if t == "files"]
        told = [json.loads(row["manifest"]) for rows in tables if rows for row in rows.to_pylist()]
        versions = sorted({one["duckdb"] for one in told} | {duckdb.__version__})
        if len(versions) > 1:
            raise InputError(
                "the versions of DuckDB differ",
                reason=f"{', '.join(versions)}; hashes of records compare within one only",
                hint="install one version on all workers and here, and load again",
            )
        return sorted(told, key=itemgetter("order"))
