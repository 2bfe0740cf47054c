"""Stored worlds: what reconciling reads of them, and what it makes of that, one Parquet a table.

`inputs/` holds the base tables of the contract as loading once filled them, `accepted/` the
results of the last accepted state; both have the world's number as their first column. Each world
is first written to files of its own, which are then gathered into one per table.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb

from hookanalysis.database import Database, Stream, lend
from hookanalysis.settings import Settings
from hookanalysis.tables import BASE_TABLES
from hookanalysis.verdict.steps import reconcile
from rows import default_settings

T = TypeVar("T")

INPUTS = Path(__file__).parent / "inputs"
ACCEPTED = Path(__file__).parent / "accepted"

# Every picture once and each fourth case a double one; two that once were wrong; rushes.
CASES = (*range(70), 130, 185)
RUSHES = 8

# Each workspace makes the row of `meta` itself. `worlds` says how each world was drawn.
TABLES = tuple(table.name for table in BASE_TABLES if table.name != "meta")
WORLDS = "worlds"

# Numbers of receipts may change; the line that a receipt begins with does not.
_MATCHES = """
SELECT m.* REPLACE (f.path || ':' || r.line AS receipt_id)
FROM matches AS m
LEFT JOIN receipts AS r ON r.receipt_id = m.receipt_id
LEFT JOIN files AS f ON f.file_id = r.file_id
"""

# Inputs stored before `activity.seconds` was: as many seconds as records, evenly from the
# minute's first to its last.
SECONDS = """
list_reduce(
    [
        1::UBIGINT << CAST(
            second(first_at)
            + nth * (second(last_at) - second(first_at)) // greatest(records - 1, 1) AS UBIGINT
        )
        FOR nth IN range(records)
    ],
    LAMBDA one, other: one | other
)
"""


@dataclass(frozen=True)
class Result:
    """One compared table: the columns that name a row, the one that sums it up, and its query."""

    key: tuple[str, ...]
    gist: str
    query: str


RESULTS = {
    "deliveries": Result(("event_uuid", "endpoint_url"), "outcome", "FROM deliveries"),
    "findings": Result(("rule_id", "endpoint_url"), "rule_id", "FROM findings"),
    "incidents": Result(("scope", "host", "endpoint_url"), "scope", "FROM incidents"),
    "resends": Result(("event_uuid", "endpoint_url"), "advice", "FROM resends"),
    "matches": Result(("receipt_id",), "match_rule", _MATCHES),
}


def stored_worlds() -> dict[int, str]:
    """Number → how it was drawn, of each stored world."""
    with duckdb.connect() as con:
        return dict(con.execute(f"FROM '{INPUTS / WORLDS}.parquet' ORDER BY ALL").fetchall())


def store_inputs() -> None:
    """Play the worlds anew, load their files and store what reconciling reads of them."""
    from proof import FIRST_RUSH

    numbers = (*CASES, *(FIRST_RUSH + nth for nth in range(RUSHES)))
    with TemporaryDirectory() as parts:
        _spread(partial(_play, parts=Path(parts)), numbers)
        _gather(Path(parts), INPUTS)


def write_results(numbers: Iterable[int], folder: Path) -> list[str]:
    """Judge stored worlds, and write what comes out to `folder`.

    Returns:
        What of the stored tables and columns does not fit the contract of today.
    """
    with TemporaryDirectory() as parts:
        notes = _spread(partial(_judge, parts=Path(parts)), numbers)
        _gather(Path(parts), folder)
    return sorted(set().union(*notes))


def _play(number: int, parts: Path) -> None:
    from proof import FIRST_RUSH, draw_case, draw_rush, play

    case = draw_rush(number) if number >= FIRST_RUSH else draw_case(number)
    # Paths are stored as they are given: they must not name a folder of this machine.
    with TemporaryDirectory() as place, chdir(place), play(case, Path())[1] as ws:
        queries = {table: f"FROM {table}" for table in TABLES}
        queries[WORLDS] = f"SELECT '{case}' AS told"
        with duckdb.connect() as con:
            for table, query in queries.items():
                _write(ws.con, query, con, parts / table / f"{number}.parquet")


def _judge(number: int, parts: Path) -> set[str]:
    # No signature is checked against a secret of whoever runs this.
    os.environ.pop(Settings().secret_variable, None)
    notes = {f"{path.stem} is stored, and no table" for path in INPUTS.iterdir()}
    notes -= {f"{table} is stored, and no table" for table in (*TABLES, WORLDS)}
    with duckdb.connect() as con, Database(":memory:") as db:
        for table in TABLES:
            if not (stored := INPUTS / f"{table}.parquet").exists():
                notes.add(f"{table} is not stored: empty")
                continue
            query = f"SELECT * EXCLUDE (world) FROM '{stored}' WHERE world = {number}"
            ignored, missing = fill(db, table, con, query)
            if table == "settings":
                _set_defaults(db, missing)
            if table == "activity" and "seconds" in missing:
                db.con.execute(f"UPDATE activity SET seconds = {SECONDS}")
            notes |= {f"{table}.{name} is stored, and no column" for name in ignored}
            notes |= {f"{table}.{name} is not stored: NULL, or its default" for name in missing}
        reconcile(db)
        for table, result in RESULTS.items():
            _write(db.con, result.query, con, parts / table / f"{number}.parquet")
    return notes


def fill(
    db: Database, table: str, source: duckdb.DuckDBPyConnection, query: str
) -> tuple[list[str], list[str]]:
    """Add rows of another database to a table, column by column of the same name.

    Returns:
        Columns of the query that the table does not have, which are left out; and columns of
        the table that the query does not have, which are NULL in the new rows.
    """
    with lend(db.con, given_rows=Stream(source, query)):
        given = [row[0] for row in db.rows("DESCRIBE given_rows")]
        known = [row[0] for row in db.rows(f"DESCRIBE {table}")]
        shared = ", ".join(name for name in given if name in known)
        db.con.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM given_rows")
    return [n for n in given if n not in known], [n for n in known if n not in given]


def _set_defaults(db: Database, missing: Iterable[str]) -> None:
    defaults = default_settings()
    for name in defaults.keys() & missing:
        db.con.execute(f"UPDATE settings SET {name} = ?", [defaults[name]])


def _write(
    source: duckdb.DuckDBPyConnection, query: str, con: duckdb.DuckDBPyConnection, path: Path
) -> None:
    """Write a query's rows from a workspace, which itself may write no files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source.execute(f"CREATE OR REPLACE TEMP TABLE written AS {query}")
    con.register("given", Stream(source, "FROM written"))
    con.execute(f"COPY (SELECT CAST({path.stem} AS INTEGER) AS world, * FROM given) TO '{path}'")


def _gather(parts: Path, folder: Path) -> None:
    """One file per table, in a fixed order: the same rows are the same bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with duckdb.connect() as con:
        for part in sorted(parts.iterdir()):
            con.execute(
                f"COPY (FROM read_parquet('{part}/*.parquet', union_by_name = true) ORDER BY ALL)"
                f" TO '{folder / part.name}.parquet'"
                " (COMPRESSION zstd, COMPRESSION_LEVEL 19, PARQUET_VERSION v2)"
            )


def _spread(act: Callable[[int], T], numbers: Iterable[int]) -> list[T]:
    """Do it for each world, in two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return list(pool.map(act, numbers))
