"""Rows as dicts, in and out of a database: a key left out is NULL."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from hookanalysis.database import Database, sql_text
from hookanalysis.load.files import write_settings
from hookanalysis.settings import Settings
from hookanalysis.tables import TABLES
from hookanalysis.verdict.steps import STEPS, run_step

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

Row = dict[str, Any]


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    """Add rows to a table that is there. Values are cast to the types of its columns."""
    types = relation_types()[table]
    given = list(rows)
    if not given:
        return
    for row in given:
        assert not set(row) - set(types), f"{table} has no {set(row) - set(types)}"
    names = [name for name in types if any(name in row for row in given)]
    # A column is one list: as many parameters as values take ten times as long.
    columns = ", ".join(f"UNNEST(CAST(? AS {types[name]}[]))" for name in names)
    values = [[row.get(name) for row in given] for name in names]
    con.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns}", values)


def default_settings(**changed: Any) -> Row:
    """The row of `settings` as it is without a settings file."""
    known = {
        key: value for key, value in asdict(Settings()).items() if key in TABLES["settings"].names
    }
    return {key: list(v) if isinstance(v, tuple) else v for key, v in {**known, **changed}.items()}


@cache
def relation_types() -> dict[str, dict[str, str]]:
    """Column → type of every table, also of those that only exist between steps."""
    with Database(":memory:") as db:
        write_settings(db, Settings())
        for step in STEPS:
            run_step(db, step)
        query = """
            SELECT DISTINCT table_name FROM duckdb_tables()
            UNION SELECT view_name FROM duckdb_views() WHERE NOT internal
            """
        names = [row[0] for row in db.rows(query)]
        made = {name: describe(db.con, name) for name in names}
        made["clock_medians"] = describe(db.con, sql_text("clocks/clock_medians"))
    promised = {name: {c.name: c.type for c in table.columns} for name, table in TABLES.items()}
    return {**promised, **made}


def describe(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    """Column → type of a table, a view or a SELECT."""
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {query}").fetchall()}
