"""The DuckDB file under a workspace: opening, locking, locking down, SQL files, frames."""

from __future__ import annotations

import re
import time
import traceback
import warnings
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from .errors import BusyError, HookAnalysisError, InputError, StorageError, unwritable
from .outputs import clear_spilled
from .tables import BASE_TABLES, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from .results import Column

# Nothing in a log may reach the network or another file through the database. Readers of untrusted
# formats are never asked either: bytes become records in `reading/`. What does not fit into the
# memory goes to a temporary file beside the workspace, which costs little.
_LOCKDOWN: dict[str, str | bool] = {
    "memory_limit": "800MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "enable_external_access": False,
}

# Where DuckDB would look for a service or a plug-in instead of a file; and no name at all.
_NO_FILE = re.compile(r"\w\w+:|:memory:.|.*[\0\ud800-\udfff]|$", re.DOTALL)
_MARK = b"DUCK"  # behind the first eight bytes

# DuckDB wraps what the system says of a disk in errors of many kinds.
_REFUSED = re.compile(
    r"No space left|File too large|quota exceeded|Permission denied|Read-only file system"
    r"|Operation not permitted|Input/output error"
)
_DAMAGED = re.compile(r"Corrupt|Could not read enough bytes|not a valid DuckDB|replaying WAL")

_COLUMNS = """
SELECT table_name, list(
  CASE WHEN estimated_size IS NULL THEN 'view ' ELSE '' END || column_name || ' ' || data_type
  ORDER BY column_index
)
FROM duckdb_columns() LEFT JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE NOT duckdb_columns.internal GROUP BY table_name
"""


# Nearly every value is another, and looking for a way to pack them costs more than writing them.
_RAW = ("attempt_key", "event_uuid", "transaction_id")


class Database:
    """One open workspace file. Closing it (or leaving its `with` block) frees it for others.

    Args:
        path: The file; it is made when missing, unless `read_only`.
        read_only: Open beside other readers; nothing can be changed.
        wait_seconds: How long to wait for another process that holds the file.

    Raises:
        BusyError: Another process holds the file.
        InputError: It is no workspace, or one of a newer version.
    """

    def __init__(
        self, path: str | Path, *, read_only: bool = False, wait_seconds: float = 0
    ) -> None:
        self.path = str(path)
        self.read_only = read_only
        self._has_macros = False
        self.con = _open(self.path, read_only=read_only, wait_seconds=wait_seconds)
        if not read_only:
            clear_spilled(self.path)
        try:
            self._prepare()
        except BaseException:
            self.con.close()
            raise

    def _prepare(self) -> None:
        found = dict(self.rows(_COLUMNS))
        if found:
            self._check(found)
        elif not self.read_only:
            self._create()
        self.con.execute(sql_text("reasons"))

    def _check(self, found: dict[str, list[str]]) -> None:
        """Check that the tables are those of this version."""
        what, reason = "this DuckDB file is not a hookanalysis workspace", ""
        hint = "name a new file with --workspace"
        is_ours = "schema_version INTEGER" in found.get("meta", ())
        versions = self.rows("SELECT schema_version FROM meta") if is_ours else []
        version = versions[0][0] if len(versions) == 1 else None
        if version == SCHEMA_VERSION:
            wrong = [
                table.name
                for table in TABLES.values()
                if found.get(table.name, [] if table in BASE_TABLES else None)
                not in (None, [f"{column.name} {column.type}" for column in table.columns])
            ]
            if not wrong:
                return
            reason = f"its tables are not as they were made: {', '.join(wrong)}"
        elif version is not None:
            age = "a newer" if version > SCHEMA_VERSION else "an older"
            what = f"the workspace was made by {age} hookanalysis"
            reason = f"its tables are of version {version}, known here: {SCHEMA_VERSION}"
            way = "upgrade hookanalysis, or" if age == "a newer" else "load the logs again:"
            hint = f"{way} {hint}"
        raise InputError(what, reason=reason, where=self.path, hint=hint)

    def _create(self) -> None:
        if self.path != ":memory:":
            Path(self.path).chmod(0o600)  # logs tell of people: for their owner alone
        with self.transaction():
            for table in BASE_TABLES:
                self.con.execute(table.ddl)
            self.con.execute("INSERT INTO meta VALUES (?, NULL, NULL)", [SCHEMA_VERSION])

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run `query` and return its rows as tuples."""
        return self.con.execute(query, parameters).fetchall()

    def sql(self, query: str, /, **parameters: Any) -> pd.DataFrame:
        """Run any SQL and return a pandas frame; `$name` in the query is bound to `name=…`."""
        with warnings.catch_warnings():
            # duckdb 2.0's own use of pandas: DataFrame.drop(inplace=…).
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", message=".*inplace keyword.*")
            return self.con.execute(query, parameters or None).df()

    def bind(self, name: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The text of `sql/report/<name>.sql`, and those of `values` that it names as `$name`.

        The macros of these files are made with the first of them: their tables must be there.
        """
        if not self._has_macros:
            self.con.execute(sql_text("report/macros"))
            self._has_macros = True
        text = sql_text(f"report/{name}")
        names = set(re.findall(r"\$(\w+)", text))
        return text, {key: value for key, value in values.items() if key in names}

    def table(self, name: str) -> pd.DataFrame:
        """One table of the workspace (see the data dictionary), in a fixed order.

        Raises:
            InputError: There is no such table, or it has not been made yet.
        """
        if name not in TABLES:
            known = ", ".join(sorted(TABLES))
            raise InputError(f"there is no table {name!r}", hint=f"one of: {known}")
        if not self.has(name):
            raise InputError(
                f"table {name!r} is not there yet",
                reason="it is made by reconciling",
                hint="run `hookanalysis reconcile`, or ws.reconcile()",
            )
        columns = ", ".join(TABLES[name].names)
        return self.sql(f"SELECT {columns} FROM {name} ORDER BY ALL NULLS LAST")

    def make(self, name: str, query: str) -> None:
        """Make a table of a query: what the contract promises lasts, all else is temporary."""
        if table := TABLES.get(name):
            columns = ", ".join(_define(column) for column in table.columns)
            self.con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
            self.con.execute(f"INSERT INTO {name} {query}")
        else:
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def fill(
        self, table: str, source: duckdb.DuckDBPyConnection, query: str
    ) -> tuple[list[str], list[str]]:
        """Add rows of another database to a table, column by column of the same name.

        Args:
            table: A base table, or any other that is there.
            source: The other database.
            query: Selects the rows there; it runs more than once.

        Returns:
            Columns of the query that the table does not have, which are left out; and columns of
            the table that the query does not have, which are NULL in the new rows.
        """
        self.con.register("given_rows", Stream(source, query))
        try:
            given = [row[0] for row in self.rows("DESCRIBE given_rows")]
            known = [row[0] for row in self.rows(f"DESCRIBE {table}")]
            shared = ", ".join(name for name in given if name in known)
            self.con.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM given_rows")
        finally:
            self.con.unregister("given_rows")
        return [n for n in given if n not in known], [n for n in known if n not in given]

    def has(self, name: str) -> bool:
        """Whether a table or view is there."""
        query = "SELECT count(*) FROM information_schema.tables WHERE table_name = ?"
        return bool(self.rows(query, [name])[0][0])

    def transaction(self) -> _Transaction:
        """All or nothing: `with db.transaction(): …`."""
        return _Transaction(self.con)

    def close(self) -> None:
        """Close the file; safe to repeat."""
        self.con.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _define(column: Column) -> str:
    raw = " USING COMPRESSION uncompressed" if column.name in _RAW else ""
    return f"{column.name} {column.type}{raw}"


class Stream:
    """The rows of a query, for another database: `other.register("rows", Stream(con, query))`.

    The query runs each time that they are read, and once more for their types.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        self.con = con
        self.query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.con.sql(self.query).__arrow_c_stream__(requested_schema)


class _Transaction:
    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def __enter__(self) -> None:
        self.con.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.con.execute("COMMIT")
            return
        # A failed commit (a full disk) has rolled back by itself; the first error is the news.
        with suppress(duckdb.Error):
            self.con.execute("ROLLBACK")


def sql_text(file: str) -> str:
    """The text of `sql/<file>.sql`."""
    return (
        resources.files("hookanalysis").joinpath("sql", f"{file}.sql").read_text(encoding="utf-8")
    )


def connect_memory(*, locked: bool = True) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, locked down like a workspace; it works on one core.

    One chunk gives a second core nothing to do, and waiting for work costs a fifth more CPU.

    Args:
        locked: Whether settings can no longer be changed. Access to files is off in any case.
    """
    return _connect(":memory:", {"threads": 1}, locked=locked)


def _connect(
    path: str, more: dict[str, int], *, read_only: bool = False, locked: bool = True
) -> duckdb.DuckDBPyConnection:
    # All is shut before a file is opened: its views and defaults may come from anybody.
    con = duckdb.connect(path, read_only=read_only, config={**_LOCKDOWN, **more})
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    # A bar of DuckDB's would stand in a notebook's cell, and so in the report. Where Jupyter lacks
    # what it needs to draw one, it is off, and even switching it off is refused.
    if con.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        con.execute("SET enable_progress_bar = false")
    if locked:
        con.execute("SET lock_configuration = true")
    return con


def check_exists(path: str) -> None:
    """Check that a workspace file is there.

    Raises:
        InputError: It is not.
    """
    if not Path(path).is_file():
        raise InputError(
            "there is no such workspace", where=path, hint="`hookanalysis load PATH…` makes one"
        )


def _open(path: str, *, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    if read_only:
        check_exists(path)
    _check_file(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return _connect(path, {}, read_only=read_only)
        except duckdb.Error as error:
            text = str(error)
            if "Could not set lock" not in text and "different configuration" not in text:
                raise _unusable(path, text) from error
            if time.monotonic() >= deadline:
                raise _busy(path, text) from error
            time.sleep(0.1)


def _check_file(path: str) -> None:
    """Check that there is, or may be, a DuckDB file; what DuckDB takes for a service is none."""
    file, reason = Path(path), ""
    if _NO_FILE.match(path):
        reason = "it must be the path of a file on this machine"
    elif path != ":memory:" and file.exists():
        head = b""
        if file.is_file():  # to open a pipe would wait for its writer
            with file.open("rb") as opened:
                head = opened.read(12)
        if head[8:] != _MARK and (head or not file.is_file()):
            reason = "it is no DuckDB file"
    if reason:
        raise _unusable(path, reason)


def _busy(path: str, text: str) -> BusyError:
    pid = re.search(r"PID (\d+)", text)
    holder = f"process {pid.group(1)}" if pid else "this process, in another mode,"
    return BusyError(
        "the workspace is in use",
        reason=f"{holder} holds it",
        where=path,
        hint="close the notebook or wait for the run that uses it, then try again",
    )


def _unusable(path: str, text: str) -> HookAnalysisError:
    kind = StorageError if _REFUSED.search(text) else InputError
    return kind(
        "the workspace cannot be opened",
        reason=text.partition("\n")[0],
        where=path,
        hint="name a new file with --workspace and load the sources again",
    )


def explain(error: Exception) -> HookAnalysisError:
    """What an error of the database, the disk or this package's own comes to."""
    reason = str(error).partition("\n")[0][:200]
    if isinstance(error, duckdb.Error) and _DAMAGED.search(reason):
        return InputError(
            "the workspace is damaged",
            reason=reason,
            hint="name a new file with --workspace and load the sources again",
        )
    if isinstance(error, OSError):
        return unwritable("the work could not be finished", error, error.filename or "")
    if isinstance(error, duckdb.IOException) or _REFUSED.search(reason):
        return unwritable("the work could not be finished", OSError(reason), "")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(__file__).parent in Path(frame.filename).parents]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours[-3:]]
    memory = isinstance(error, MemoryError | duckdb.OutOfMemoryException)
    return HookAnalysisError(
        "the memory was not enough" if memory else "hookanalysis has failed; the fault is its own",
        reason=f"{type(error).__name__}: {reason}",
        where=", ".join(places),
        hint="what was finished before is not lost; if it happens again, report these lines",
    )
