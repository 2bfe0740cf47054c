"""A database in memory beside the workspace, where chunks become rows before they are stored."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hookanalysis.database import connect_memory, sql_text
from hookanalysis.formats.traces import attach_traces
from hookanalysis.read.records import Chunk
from hookanalysis.read.splitting import Piece
from hookanalysis.tables import ATTEMPT_RECORDS, RECEIPT_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from hookanalysis.formats.api import Binding

# Columns that the loader adds, and those of a binding's `scan_sql`.
_PLACE = ("file_id", "generation_id")
_SCANNED = (
    'line BIGINT, byte_offset BIGINT, part BIGINT, "at" TIMESTAMP,'
    " later_at TIMESTAMP, zoned BOOLEAN, verdict VARCHAR,"
    " reason VARCHAR, record VARCHAR"
)
# Scratch databases that are kept open: more ways to read than most folders of logs need.
_KEPT = 4
_NOTHING = Chunk(np.empty(0, np.uint8), Piece(), (0, 0, 1), [])


class Scratch:
    """The tables `scanned` and `parsed` of one chunk at a time.

    What is made in a transaction stays in memory until its end: parsed inside the workspace's
    transaction, a file of any size would be held whole. Here a chunk makes room for the next.

    Args:
        binding: How the files are read; the statements are planned once for all of them.
    """

    def __init__(self, binding: Binding) -> None:
        self.con = connect_memory()
        self._chunk = _Current()
        self.con.register("chunk", self._chunk)
        target = ATTEMPT_RECORDS if binding.format.side == "sender" else RECEIPT_RECORDS
        columns = [f"{c.name} {c.type}" for c in target.columns if c.name not in _PLACE]
        self.con.execute(f"CREATE TEMP TABLE scanned ({_SCANNED})")
        self.con.execute(f"CREATE TEMP TABLE parsed ({', '.join(columns)})")
        # Planned once: to plan the formats' long expressions costs a third of reading a chunk.
        self.con.execute(f"PREPARE scan AS INSERT INTO scanned {binding.scan_sql}")
        self.con.execute(f"PREPARE parse AS INSERT INTO parsed {binding.fields_sql}")

    def parse(self, chunk: Chunk) -> tuple[str, str] | None:
        """Fill both tables from a chunk; returns the rest of a stack trace that it begins with."""
        self.clear()
        self._chunk.chunk = chunk
        self.con.execute("EXECUTE scan")
        if self.rows("SELECT 1 FROM scanned WHERE later_at IS NOT NULL LIMIT 1"):
            self.con.execute(
                f"""UPDATE scanned SET "at" = r.moment, later_at = NULL
                FROM ({sql_text("load/readings")}) AS r
                WHERE r.byte_offset = scanned.byte_offset"""
            )
        self.con.execute("EXECUTE parse")
        return attach_traces(self.con)

    def clear(self) -> None:
        """Give back the memory that a chunk took."""
        self._chunk.chunk = _NOTHING
        for table in ("scanned", "parsed"):
            self.con.execute(f"TRUNCATE {table}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query over `scanned` and `parsed`."""
        return self.con.execute(query).fetchall()

    def move(self, query: str, target: duckdb.DuckDBPyConnection, table: str) -> None:
        """Insert the rows of a query over `scanned` and `parsed` into a table of `target`.

        The query runs more than once; it should be cheap.
        """
        target.register("moving", _Stream(self.con, query))
        try:
            target.execute(f"INSERT INTO {table} FROM moving")
        finally:
            target.unregister("moving")


# Those that nobody uses, by how they read; the next file of a kind is planned already.
_idle: dict[tuple[str, str], Scratch] = {}


@contextmanager
def borrow_scratch(binding: Binding) -> Iterator[Scratch]:
    """The scratch database for a binding; empty again at the end."""
    key = binding.scan_sql, binding.fields_sql
    scratch = _idle.pop(key, None) or Scratch(binding)
    try:
        yield scratch
    finally:
        scratch.clear()
        _idle[key] = scratch
        if len(_idle) > _KEPT:
            _idle.pop(next(iter(_idle))).con.close()


@atexit.register
def _close_idle() -> None:
    while _idle:
        _idle.popitem()[1].con.close()


class _Current:
    """The chunk at hand, under one name: the plans stay valid."""

    def __init__(self) -> None:
        self.chunk = _NOTHING

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.chunk.__arrow_c_stream__(requested_schema)


class _Stream:
    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        self.con = con
        self.query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.con.sql(self.query).__arrow_c_stream__(requested_schema)
