"""Documents and tables → text: one JSON object a line, for each row; and back to plain reading.

Web pages, HAR files, a log store's answers, database dumps, SQLite and Parquet files hold rows, but
no lines. Their rows are written as text, always in the same order, so that everything after this
(records, offsets, hashes, growth) is as it is for a log: the line is the row's number, the offset
its place in that text. What is no row (a page's other words, other tables) is no part of the text.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from hookanalysis.errors import DamagedError, InputError

from .pages import HAR, OTLP, PAGE, STORE, har_rows, otlp_rows, page_rows, store_rows

# What is held whole, bytes: a document, a page (whose tags cost more), a row of a dump.
_WHOLE_LIMIT = 256 << 20
_PAGE_LIMIT = 32 << 20
_SNIFF = 1 << 16

SQLITE = b"SQLite format 3\x00"
PARQUET = b"PAR1"
_DUMP = re.compile(rb'(?m)^COPY [\w."]+ \([^)\n]*\) FROM stdin;\r?$|^-- PostgreSQL database dump')
_COPY = re.compile(r'COPY ([\w."]+) \(([^)\n]*)\) FROM stdin;')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# A table of receipts has a column that names events, and one that tells when they came.
_EVENTS = re.compile(
    r"(?i)uuid|guid|idempotency|(?:event|webhook|message|msg|delivery).?(?:id|key)"
)
_TIMES = re.compile(r"(?i)_at$|At$|time|date|created|received|processed")


def rewrite(text: io.BufferedReader, path: Path, *, stored: bool) -> Iterator[bytes] | None:
    """The lines of a file that holds rows in another shape; None when it is text itself.

    Nothing of `text` was read yet; nothing is where it is text itself. `stored`: the bytes are the
    file's own: not packed, not transcoded.

    Raises:
        InputError: It holds no such rows, several tables that may be meant, or is damaged.
    """
    start = text.peek()[:_SNIFF]
    if stored and start.startswith(SQLITE):
        return _write(_sqlite_rows(path))
    if stored and start.startswith(PARQUET):
        return _parquet_lines(path)
    if _DUMP.search(start):
        return _write(_dump_rows(_lines(text, path), path))
    if OTLP.match(start):
        return _exports(_lines(text, path))
    for shape, find_rows, limit in (
        (HAR, har_rows, _WHOLE_LIMIT),
        (STORE, store_rows, _WHOLE_LIMIT),
        (PAGE, page_rows, _PAGE_LIMIT),
    ):
        if shape.match(start):
            whole = _within(limit, text.read(limit + 1), path)
            try:
                rows = find_rows(whole)
            except ValueError as error:
                raise DamagedError(
                    "the page breaks off",
                    reason=str(error),
                    where=str(path),
                    hint="save or copy the whole page again",
                ) from error
            return iter([whole.encode()]) if rows is None else _write(rows)
    return None


def _write(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        yield line.encode("utf-8", "backslashreplace") + b"\n"


def _exports(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        rows = otlp_rows(line)
        yield from [line.encode()] if rows is None else _write(rows)


def _lines(text: io.BufferedReader, path: Path) -> Iterator[str]:
    while line := text.readline(_WHOLE_LIMIT + 1):
        yield _within(_WHOLE_LIMIT, line, path)


def _within(limit: int, text: bytes, path: Path) -> str:
    """Bytes as text, unless there are more than what may be held whole."""
    if len(text) > limit:
        raise InputError(
            "the document is too large",
            reason=f"it, or a line of it, has more than {limit >> 20} MiB",
            where=str(path),
            hint="save a shorter time, or export the rows as CSV",
        )
    return text.decode("utf-8", "backslashreplace")


def _holds_receipts(columns: Sequence[str]) -> bool:
    events = [name for name in columns if _EVENTS.search(name)]
    return bool(events) and any(_TIMES.search(name) for name in columns)


def _choose(tables: dict[str, Sequence[str]], path: Path) -> str:
    """The one table that may hold receipts."""
    fitting = [name for name, columns in tables.items() if _holds_receipts(columns)]
    if len(fitting) == 1:
        return fitting[0]
    told = ", ".join(sorted(fitting or tables)) or "none"
    raise InputError(
        "several tables may hold receipts" if fitting else "no table holds receipts",
        reason=f"its tables: {told}" if not fitting else f"they are: {told}",
        where=str(path),
        hint="write the rows of the one that is meant to a CSV file, and load that",
    )


def _sqlite_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a SQLite file's table, by rowid; nothing is written beside the file."""
    log = Path(f"{path}-wal")
    mode = "ro" if log.is_file() and log.stat().st_size else "ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)) as con:
            con.execute("PRAGMA trusted_schema = OFF")
            con.execute("PRAGMA cell_size_check = ON")
            con.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
            names = con.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            ).fetchall()
            tables: dict[str, Sequence[str]] = {
                name: [row[1] for row in con.execute(f"PRAGMA table_info({_quoted(name)})")]
                for (name,) in names
            }
            table = _choose(tables, path)
            columns = tables[table]
            listed = ", ".join(map(_quoted, columns))
            # Without an index, rows come in the order in which they were written.
            query = f"SELECT {listed} FROM {_quoted(table)} NOT INDEXED"  # noqa: S608 - quoted
            for row in con.execute(query):
                yield dict(zip(columns, map(_plain, row), strict=True))
    except sqlite3.Error as error:
        raise InputError(
            "the SQLite file cannot be read",
            reason=str(error),
            where=str(path),
            hint="copy it with `sqlite3 FILE .dump`, or export the table as CSV",
        ) from error


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _dump_rows(lines: Iterator[str], path: Path) -> Iterator[dict[str, Any]]:
    """The rows of the one COPY block of a PostgreSQL dump whose columns are those of receipts."""
    tables: dict[str, Sequence[str]] = {}
    for line in lines:
        opened = _COPY.fullmatch(line.rstrip("\r\n"))
        if not opened:
            continue
        name, columns = opened[1], [part.strip().strip('"') for part in opened[2].split(",")]
        tables[name] = columns
        wanted = _holds_receipts(columns)
        if wanted:
            _choose(tables, path)
        fault = f"table {name} lacks its end mark \\."
        for row in lines:
            cells = row.rstrip("\r\n").split("\t")
            if cells == ["\\."]:
                fault = ""
                break
            if wanted and len(cells) != len(columns):
                fault = f"a row of {name} has {len(cells)} cells"
                break
            if wanted:
                yield dict(zip(columns, map(_unescape, cells), strict=True))
        if fault:
            raise DamagedError(
                "the dump is damaged, or breaks off",
                reason=fault,
                where=str(path),
                hint="write it again with pg_dump, and copy the whole file",
            )
    _choose(tables, path)


def _unescape(cell: str) -> str | None:
    if cell == "\\N":
        return None
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), cell)


def _parquet_lines(path: Path) -> Iterator[bytes]:
    """The rows of a Parquet file, read by a process of its own: see `parquet.py`."""
    program = Path(__file__).with_name("parquet.py")
    command = [sys.executable, "-I", str(program), str(path.resolve())]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            assert child.stdout  # noqa: S101 - it was asked for
            yield from child.stdout
            told = child.communicate()[1].decode("utf-8", "replace").strip().splitlines()
        finally:
            child.kill()
        if child.returncode:
            raise InputError(
                "the Parquet file cannot be read",
                reason=told[-1][:200] if told else f"the reader ended with {child.returncode}",
                where=str(path),
                hint="export the rows as CSV",
            )
