"""A database in memory beside the workspace, where chunks become rows before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookanalysis.database import connect_memory

if TYPE_CHECKING:
    import duckdb

    from hookanalysis.parsing.formats import Binding
    from hookanalysis.reading.sources import Chunk


class Scratch:
    """The tables `scanned` and `parsed` of one chunk at a time.

    What is made in a transaction stays in memory until its end: parsed inside the workspace's
    transaction, a file of any size would be held whole. Here a chunk makes room for the next.

    Args:
        binding: How the file is read.
        place: SQL of the columns that say where a row comes from.
    """

    def __init__(self, binding: Binding, place: str) -> None:
        self.con = connect_memory()
        self._binding = binding
        self._place = place
        self._chunk = _Current()
        self._prepared = False

    def parse(self, chunk: Chunk) -> None:
        """Fill both tables from a chunk."""
        self._chunk.chunk = chunk
        if not self._prepared:
            self._prepare()
        for table in ("scanned", "parsed"):
            self.con.execute(f"TRUNCATE {table}")
        self.con.execute("EXECUTE scan")
        self.con.execute("EXECUTE parse")

    def _prepare(self) -> None:
        # Planned once: to plan the formats' long expressions costs a third of reading a chunk.
        self.con.register("chunk", self._chunk)
        scan = self._binding.scan_sql
        parse = f"SELECT {self._place}, * FROM ({self._binding.fields_sql})"
        for table, statement, query in (("scanned", "scan", scan), ("parsed", "parse", parse)):
            self.con.execute(f"CREATE TEMP TABLE {table} AS FROM ({query}) LIMIT 0")
            self.con.execute(f"PREPARE {statement} AS INSERT INTO {table} {query}")
        self._prepared = True

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

    def close(self) -> None:
        """Give the memory back."""
        self.con.close()


class _Current:
    """The chunk at hand, under one name: the plans stay valid."""

    chunk: Chunk

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.chunk.__arrow_c_stream__(requested_schema)


class _Stream:
    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        self.con = con
        self.query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.con.sql(self.query).__arrow_c_stream__(requested_schema)
