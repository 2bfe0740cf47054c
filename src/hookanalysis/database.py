"""The tables in the DuckDB file under a workspace: made, asked, changed; and the SQL files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from .errors import InputError
from .opening import open_file, open_part
from .outputs import clear_spilled, private
from .tables import BASE_TABLES, KEPT, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    import pandas as pd


_COLUMNS = """
SELECT table_name, list(column_name || ' ' || data_type ORDER BY column_index)
FROM duckdb_columns() WHERE NOT internal GROUP BY table_name
"""


# Nearly every value is another, and looking for a way to pack them costs more than writing them.
_RAW = ("attempt_key", "event_uuid", "transaction_id", "request_id")


class Database:
    """One open workspace file. Closing it (or leaving its `with` block) frees it for others.

    Args:
        path: The file; it is made when missing, unless `read_only`.
        read_only: Open beside other readers; nothing can be changed.
        wait_seconds: How long to wait for another process that holds the file.
        memory: What it may take, as DuckDB's `memory_limit`; what needs more goes to a file.
        spill: Where to, for one in memory; it works on one core, for rows that go elsewhere.

    Raises:
        BusyError: Another process holds the file.
        InputError: It is no workspace, or one of a newer version.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        read_only: bool = False,
        wait_seconds: float = 0,
        memory: str = "40%",
        spill: Path | None = None,
    ) -> None:
        self.path = str(path)
        self.read_only = read_only
        self._has_macros = False
        self._editing = False
        with private():
            if spill:
                self.con = open_part(memory, spill)
            else:
                self.con = open_file(self.path, memory, wait_seconds, read_only=read_only)
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
            with self.transaction():
                for table in BASE_TABLES:
                    self.con.execute(table.ddl)
                self.con.execute("INSERT INTO meta (schema_version) VALUES (?)", [SCHEMA_VERSION])
        for table in KEPT:  # a workspace of an earlier state lacks them
            if table.name not in found:
                self.con.execute(table.ddl.replace("TABLE", "TEMP TABLE", int(self.read_only)))
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
            there = (t for t in TABLES.values() if t.name in found and not wrong)
            asked = " UNION ALL ".join(f"SELECT {t.misfits} FROM {t.name}" for t in there)
            wrong += [told for (told,) in self.rows(asked) if told] if asked else []
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

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run `query` and return its rows as tuples."""
        with private():  # what needs more memory than there is goes to a file
            return self.con.execute(query, parameters).fetchall()

    def sql(self, query: str, /, **parameters: Any) -> pd.DataFrame:
        """Run any SQL that only reads, and return a pandas frame.

        Args:
            query: SQL. `$name` is bound to `name=…`; a frame (pandas, polars, Arrow) that is given
                as `name=…` is a table of that name.
            parameters: These values and frames.

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
        reading = _transaction(self.con, "BEGIN TRANSACTION READ ONLY")
        frames = {
            name: parameters.pop(name)
            for name, value in [*parameters.items()]
            if hasattr(value, "__arrow_c_stream__") or hasattr(value, "columns")
        }
        writing = nullcontext() if self._editing else reading
        with warnings.catch_warnings(), lend(self.con, **frames), writing:
            # duckdb 2.0's own use of pandas: DataFrame.drop(inplace=…).
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", message=".*inplace keyword.*")
            try:
                return self.con.execute(query, parameters or None).df()
            except duckdb.TransactionException as error:
                raise refused from error

    def arrow(self, name: str) -> Stream:
        """A table for programs that take Arrow: `polars.from_arrow(ws.arrow("deliveries"))`.

        Raises:
            InputError: There is no such table, or it has not been made yet.
        """
        return Stream(self.con, self._select(name))

    @property
    def tables(self) -> pd.DataFrame:
        """The tables that there are, with how many rows each has and what a row is."""
        there = [table for table in TABLES.values() if self.has(table.name)]
        each = (
            f"SELECT '{t.name}' AS name, COUNT(*) AS rows, ? AS one_row_is FROM {t.name}"
            for t in there
        )
        return self.con.execute(" UNION ALL ".join(each), [t.grain for t in there]).df()

    def make_macros(self, query: str) -> None:
        """Make the macros of `sql/report/`, with the first query that uses one.

        The tables that they read must be there by then.
        """
        if not self._has_macros:
            macros = sql_text("report/macros")
            if any(f"{name}(" in query for name in re.findall(r"MACRO (\w+)", macros)):
                self.con.execute(macros)
                self._has_macros = True

    def table(self, name: str) -> pd.DataFrame:
        """One table of the workspace (see the data dictionary), in a fixed order.

        Raises:
            InputError: There is no such table, or it has not been made yet.
        """
        return self.sql(self._select(name))

    def _select(self, name: str) -> str:
        """The query of a table."""
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
        return f"SELECT {columns} FROM {name} ORDER BY ALL NULLS LAST"

    def make(self, name: str, query: str) -> None:
        """Make a table of a query: what the contract promises lasts, all else is temporary."""
        if table := TABLES.get(name):
            raw = dict.fromkeys(_RAW, " USING COMPRESSION uncompressed")
            columns = ", ".join(f"{c.name} {c.type}{raw.get(c.name, '')}" for c in table.columns)
            self.con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
            self.con.execute(f"INSERT INTO {name} {query}")
        else:
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

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
                self.con.execute("UPDATE meta SET reconciled_as = NULL")
            finally:
                self._editing = False

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: `with db.transaction(): …`."""
        if self.read_only:
            raise InputError(f"{self.path} is open read-only", hint="connect without read_only")
        return _transaction(self.con)

    def close(self) -> None:
        """Close the file; safe to repeat."""
        self.con.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Stream:
    """The rows of a query, for another database: `lend(other, rows=Stream(con, query))`.

    The query runs each time that they are read, and once more for their types.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        self.con = con
        self.query = query

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.con.sql(self.query).__arrow_c_stream__(requested_schema)


@contextmanager
def lend(con: duckdb.DuckDBPyConnection, /, **relations: object) -> Iterator[None]:
    """Let a database read arrays, frames or streams as tables of these names."""
    for name, relation in relations.items():
        con.register(name, relation)
    try:
        yield
    finally:
        for name in relations:
            con.unregister(name)


@contextmanager
def _transaction(con: duckdb.DuckDBPyConnection, begin: str = "BEGIN") -> Iterator[None]:
    with private():
        con.execute(begin)
        try:
            yield
        except BaseException:
            # The first error is the news.
            with suppress(duckdb.Error):
                con.execute("ROLLBACK")
            raise
        con.execute("COMMIT")  # one that fails (a full disk) rolls back by itself


def sql_text(file: str) -> str:
    """The text of `sql/<file>.sql`."""
    return (
        resources.files("hookanalysis").joinpath("sql", f"{file}.sql").read_text(encoding="utf-8")
    )
