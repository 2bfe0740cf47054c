"""The database in memory that chunks become rows in, and the macros that read records there."""

from __future__ import annotations

import atexit
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from importlib import resources
from typing import Any

import duckdb
import numpy as np

from hookanalysis.database import Stream, lend, sql_text
from hookanalysis.opening import connect_memory
from hookanalysis.read.records import Chunk
from hookanalysis.read.splitting import Batch
from hookanalysis.redaction import CREDENTIAL, KEYS, NAMED, NUMBER, RANDOM
from hookanalysis.tables import TABLES

from .format import fill, literal, read_patterns

_TRACES = read_patterns("traces")
_FIRST = f"(?:{_TRACES['before']})?({_TRACES['named']})"
# A line that names an exception: what it says of it; and any line of a trace.
_RAISED = f"(?m)^(?:{_TRACES['tag']})?{_FIRST}"
_TRACE = f"{_TRACES['lines']}|{_TRACES['tag']}.*|{_FIRST}"

# Free text in lower case of which each word is kept: those of vocabulary.txt with what they may end
# in, the names of exceptions (`sqlalchemy.exc.IntegrityError`), and units.
_ENDINGS = "(?:s|es|d|ed|r|er|ing|ly|'t|'s)?"
_EXCEPTION = "[a-z_.:]*(?:error|exception|violation|warning|fault)"
_UNITS = "us|µs|ns|sec|secs|min|mins|kb|mb|gb|kib|mib|gib|k|x|e|s|m|h"
# What a quoted word after one of these is: a name of a schema or of code. So are words that are
# joined, as in 'ticket_items'.
_SCHEMA = "column|field|key|keyerror|attribute|relation|table|constraint|property|parameter|module"
_APART = r"[\x00-@\[-`{-\x7f…]"
# Columns that the loader adds, and those of `scan_sql`.
_PLACE = ("file_id", "generation_id")
_SCANNED = (
    'line BIGINT, byte_offset BIGINT, part BIGINT, "at" TIMESTAMP, later_at TIMESTAMP,'
    " zoned BOOLEAN, verdict VARCHAR, alarm BOOLEAN, reason VARCHAR, record VARCHAR"
)
# Ways to read that are kept planned: more than most folders of logs need.
_KEPT = 24
# Bytes of a chunk that is read faster than its statements are optimised.
_SMALL = 2**19
# The rows of `scanned` that are parsed, and how the statement that parses them names them.
_KEEP = "SELECT line, byte_offset, \"at\", record FROM scanned WHERE verdict = 'keep'"
_AS_SCANNED = "WITH scanned AS (SELECT *, 'keep' AS verdict FROM kept)"
_NOTHING = Chunk(np.empty(0, np.uint8), Batch(), (0, 0, 1), [])


def connect_parser() -> duckdb.DuckDBPyConnection:
    """A connection with tables of its own, and the macros of sql/macros.sql."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for all; the macros use patterns that are made in code."""
    # Not locked: engine.py plans small chunks without the optimizer. Files are out of reach.
    con = connect_memory(locked=False)
    text = resources.files("hookanalysis").joinpath("formats", "vocabulary.txt").read_text("utf-8")
    words = "|".join(re.sub("(?m)^#.*", "", text).split())
    kept = rf"{_APART}*(?:(?:{_EXCEPTION}|(?:{words}){_ENDINGS}|{_UNITS})(?:{_APART}+|$))*"
    patterns = {
        "kept_words": kept, "raised": _RAISED, "traced": _TRACE, "secret": CREDENTIAL,
        "sensitive": KEYS, "random_run": RANDOM[0], "random_piece": RANDOM[1], "named_id": NAMED,
        "long_number": NUMBER,
    }  # fmt: skip
    one = f"(?:{words}){_ENDINGS}"
    schema = rf"""(?i)((?:{_SCHEMA})\W{{1,3}})["']({one})["']|["']({one}(?:[_.]{one})+)["']"""
    for name, pattern in (patterns | {"schema_words": schema}).items():
        con.execute(f"CREATE MACRO {name}() AS {literal(pattern)}")
    con.execute(sql_text("macros"))
    return con


class Scratch:
    """The tables `scanned` and `parsed` of one chunk at a time, and the statements that fill them.

    Parsed inside the workspace's transaction, a file of any size would be held in memory whole.
    """

    def __init__(self, scan_sql: str, fields_sql: str, side: str) -> None:
        self.con = connect_parser()
        self.reads = scan_sql, fields_sql, side
        self._chunk, self._kept = _Current(), _Current()
        parsed = f"INSERT INTO parsed {_AS_SCANNED} FROM ({fields_sql})"
        self._statements = {"scan": f"INSERT INTO scanned {scan_sql}", "parse": parsed}
        self._planned: set[str] = set()
        self.con.register("chunk", self._chunk)
        target = TABLES["attempt_records" if side == "sender" else "receipt_records"]
        columns = [f"{c.name} {c.type}" for c in target.columns if c.name not in _PLACE]
        self.con.execute(f"CREATE TEMP TABLE scanned ({_SCANNED})")
        self.con.execute(f"CREATE TEMP TABLE parsed ({', '.join(columns)})")
        self._kept.rows = self._nothing_kept = _Held(self.con, _KEEP)
        self.con.register("kept", self._kept)

    def scan(self, chunk: Chunk) -> None:
        """Fill `scanned` from a chunk."""
        self.clear()
        self._chunk.rows = chunk
        self._execute("scan", chunk)
        if self.rows("SELECT 1 FROM scanned WHERE later_at IS NOT NULL LIMIT 1"):
            self.con.execute(
                f"""UPDATE scanned SET "at" = r.moment, later_at = NULL
                FROM ({sql_text("load/readings")}) AS r
                WHERE r.byte_offset = scanned.byte_offset"""
            )

    def parse(self, chunk: Chunk) -> tuple[str, str] | None:
        """Fill both tables from a chunk; returns the rest of a stack trace that it begins with."""
        self.scan(chunk)
        if self.rows("SELECT 1 FROM scanned WHERE verdict = 'keep' LIMIT 1"):
            self._kept.rows = _Held(self.con, _KEEP)
            self._execute("parse", chunk)
        return self._attach_traces()

    def _attach_traces(self) -> tuple[str, str] | None:
        """Note on the rows of `parsed` what the traces below their lines name.

        Returns the first and last exception of a trace with which the chunk begins, if it does so.
        """
        named = "SELECT 1 FROM scanned WHERE verdict = 'ignore' AND record IS NOT NULL LIMIT 1"
        if not self.rows(named):
            return None
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE traces AS {fill('traces')}")
        self.con.execute(
            "UPDATE parsed SET exception ="
            " exceptions_with(exception, first_said, last_said, level, step)"
            " FROM traces WHERE traces.owner = line"
        )
        rest = self.rows("SELECT first_said, last_said FROM traces WHERE owner IS NULL")
        return (rest[0][0], rest[0][1]) if rest else None

    def _execute(self, name: str, chunk: Chunk) -> None:
        # Both read streams: what reads a table is planned anew at each EXECUTE.
        large = chunk.bytes >= _SMALL
        if (plan := f"{name}_{large}") not in self._planned:
            self.con.execute(f"SET enable_optimizer = {large}")
            statement = f"{self._statements[name]}; SET enable_optimizer = true"
            self.con.execute(f"PREPARE {plan} AS {statement}")
            self._planned.add(plan)
        self.con.execute(f"EXECUTE {plan}")

    def clear(self) -> None:
        """Give back the memory that a chunk took."""
        self._chunk.rows, self._kept.rows = _NOTHING, self._nothing_kept
        self.con.execute("TRUNCATE scanned; TRUNCATE parsed")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query over `scanned` and `parsed`."""
        return self.con.execute(query).fetchall()

    def reasons(self) -> tuple[str | None, ...]:
        """Why each scanned record does not fit; None where it does. Ignored ones are left out."""
        query = "SELECT reason FROM scanned WHERE verdict <> 'ignore' ORDER BY byte_offset"
        return tuple(row[0] for row in self.rows(query))

    def move(self, query: str, target: duckdb.DuckDBPyConnection, table: str) -> None:
        """Insert the rows of a query over `scanned` and `parsed` into a table of `target`.

        The query runs more than once; it should be cheap.
        """
        with lend(target, moving=Stream(self.con, query)):
            target.execute(f"INSERT INTO {table} FROM moving")


def parse_ahead(
    scratch: Scratch, chunks: Iterable[Chunk], threads: int
) -> Iterator[tuple[Chunk, Scratch, tuple[str, str] | None]]:
    """Parse chunks, some at a time; give each, in their order, with where its rows are.

    The next chunk is read meanwhile; more like `scratch` are made as they are needed.
    """
    running: deque[tuple[Chunk, Scratch, Future[tuple[str, str] | None]]] = deque()
    idle, more = [scratch], threads - 1
    with ThreadPoolExecutor(threads) as pool:
        for chunk in chunks:
            if not idle and more:
                idle, more = [Scratch(*scratch.reads)], more - 1
            if not idle:
                done, place, rest = running.popleft()
                yield done, place, rest.result()
                idle.append(place)
            running.append((chunk, idle[-1], pool.submit(idle.pop().parse, chunk)))
        for done, place, rest in running:
            yield done, place, rest.result()


# Those that nobody uses, by how they read; the next file of a kind is planned already.
_idle: dict[tuple[str, str], Scratch] = {}


@contextmanager
def borrow_scratch(scan_sql: str, fields_sql: str, side: str) -> Iterator[Scratch]:
    """A scratch database that reads so; empty again at the end."""
    key = scan_sql, fields_sql
    scratch = _idle.pop(key, None) or Scratch(scan_sql, fields_sql, side)
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
    """Rows at hand, under one name: the plans stay valid."""

    rows: Chunk | _Held = _NOTHING

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)


class _Held:
    """The rows of a query, which is run once."""

    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        from nanoarrow.c_array_stream import CArrayStream, c_array_stream

        with c_array_stream(con.sql(query)) as stream:
            schema, arrays = stream.get_schema(), [*stream]
        self._stream = partial(CArrayStream.from_c_arrays, arrays, schema, move=False)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._stream().__arrow_c_stream__()
