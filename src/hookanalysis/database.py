"""The DuckDB file under a workspace: opening, locking, locking down, SQL files, frames."""

from __future__ import annotations

import re
import time
import warnings
from contextlib import contextmanager, nullcontext, suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from .errors import BusyError, InputError
from .tables import ACKNOWLEDGEMENTS, BASE_TABLES, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from .results import Column

# Nothing in a log may reach the network or another file through the database. Readers of untrusted
# formats are never asked either: bytes become records in `reading/`. What does not fit into the
# memory goes to a temporary file beside the workspace, which costs little.
_LOCKDOWN = """
SET GLOBAL TimeZone = 'UTC';
SET memory_limit = '800MB';
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET allow_persistent_secrets = false;
SET enable_external_access = false;
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
        self._editing = False
        self.con = _open(self.path, read_only=read_only, wait_seconds=wait_seconds)
        try:
            self._prepare()
        except BaseException:
            self.con.close()
            raise

    def _prepare(self) -> None:
        names = {row[0] for row in self.rows("SELECT table_name FROM duckdb_tables()")}
        if names and "meta" not in names:
            raise InputError(
                "this DuckDB file is not a hookanalysis workspace",
                where=self.path,
                hint="name a new file with --workspace",
            )
        if names:
            (version,) = self.rows("SELECT schema_version FROM meta")[0]
            if version != SCHEMA_VERSION:
                age = "newer" if version > SCHEMA_VERSION else "older"
                raise InputError(
                    f"the workspace was made by a{'n' * (age == 'older')} {age} hookanalysis",
                    reason=f"its tables are of version {version}, known here: {SCHEMA_VERSION}",
                    where=self.path,
                    hint="upgrade hookanalysis, or name a new file with --workspace"
                    if age == "newer"
                    else "load the logs again, into a new file: name it with --workspace",
                )
        if not self.read_only and not names:
            self._create()
        _lock_down(self.con)
        self.con.execute(sql_text("reasons"))

    def _create(self) -> None:
        if self.path != ":memory:":
            Path(self.path).chmod(0o600)  # logs tell of people: for their owner alone
        with self.transaction():
            for table in (*BASE_TABLES, ACKNOWLEDGEMENTS):
                self.con.execute(table.ddl)
            self.con.execute("INSERT INTO meta VALUES (?, NULL, NULL)", [SCHEMA_VERSION])

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run `query` and return its rows as tuples."""
        return self.con.execute(query, parameters).fetchall()

    def sql(self, query: str, /, **parameters: Any) -> pd.DataFrame:
        """Run any SQL that only reads, and return a pandas frame; `$name` is bound to `name=…`.

        Raises:
            InputError: It would change the workspace, and does not stand within `edit()`.
        """
        refused = InputError(
            "this would change the workspace",
            reason="its tables are what the logs say, and `sql` only reads",
            hint="to load a file anew, or take it back: `load --again`, `forget`; for all else"
            " `with ws.edit(): …`",
        )
        kinds = {statement.type for statement in self.con.extract_statements(query)}
        if duckdb.StatementType.TRANSACTION in kinds:
            raise refused
        reading = _Transaction(self.con, "BEGIN TRANSACTION READ ONLY")
        with warnings.catch_warnings(), nullcontext() if self._editing else reading:
            # duckdb 2.0's own use of pandas: DataFrame.drop(inplace=…).
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", message=".*inplace keyword.*")
            try:
                return self.con.execute(query, parameters or None).df()
            except duckdb.TransactionException as error:
                raise refused from error

    def bind(self, name: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The text of `sql/report/<name>.sql`, and those of `values` that it names as `$name`.

        The macros of these files are made with the first that uses one: their tables must be there.
        """
        text, macros = sql_text(f"report/{name}"), sql_text("report/macros")
        used = any(f"{macro}(" in text for macro in re.findall(r"MACRO (\w+)", macros))
        if used and not self._has_macros:
            self.con.execute(macros)
            self._has_macros = True
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

    @contextmanager
    def edit(self) -> Iterator[Self]:
        """Let `sql` change the workspace: all that is done in the block, or, on an error, nothing.

        Reconcile afterwards: results do not follow by themselves.
        """
        with self.transaction():
            self._editing = True
            try:
                yield self
            finally:
                self._editing = False

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
    def __init__(self, con: duckdb.DuckDBPyConnection, begin: str = "BEGIN") -> None:
        self.con = con
        self.begin = begin

    def __enter__(self) -> None:
        self.con.execute(self.begin)

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
    con = duckdb.connect()
    con.execute("SET threads = 1")
    _lock_down(con, locked=locked)
    return con


def _lock_down(con: duckdb.DuckDBPyConnection, *, locked: bool = True) -> None:
    # A bar of DuckDB's would stand in a notebook's cell, and so in the report. Where Jupyter lacks
    # what it needs to draw one, it is off, and even switching it off is refused.
    if con.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        con.execute("SET enable_progress_bar = false")
    con.execute(_LOCKDOWN)
    if locked:
        con.execute("SET lock_configuration = true")


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
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(path, read_only=read_only)
        except duckdb.Error as error:
            text = str(error)
            if "Could not set lock" not in text and "different configuration" not in text:
                raise _unusable(path, text) from error
            if time.monotonic() >= deadline:
                raise _busy(path, text) from error
            time.sleep(0.1)


def _busy(path: str, text: str) -> BusyError:
    pid = re.search(r"PID (\d+)", text)
    holder = f"process {pid.group(1)}" if pid else "this process, in another mode,"
    return BusyError(
        "the workspace is in use",
        reason=f"{holder} holds it",
        where=path,
        hint="close the notebook or wait for the run that uses it, then try again",
    )


def _unusable(path: str, text: str) -> InputError:
    return InputError(
        "the workspace cannot be opened",
        reason=text.splitlines()[0],
        where=path,
        hint="name a new file with --workspace and load the sources again",
    )
