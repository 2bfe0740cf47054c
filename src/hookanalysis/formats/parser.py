"""The database in memory that records are parsed in, with the macros that read them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hookanalysis.database import connect_memory, sql_text

from .stacks import RAISED, TRACE
from .vocabulary import KEPT

if TYPE_CHECKING:
    import duckdb


def connect_parser() -> duckdb.DuckDBPyConnection:
    """A connection with tables of its own, and the macros of sql/macros.sql."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for all; the macros use patterns that are made in code."""
    # Not locked: engine.py plans small chunks without the optimizer. Files are out of reach.
    con = connect_memory(locked=False)
    for name, pattern in (("kept_words", KEPT), ("raised", RAISED), ("traced", TRACE)):
        constant = pattern.replace("'", "''")
        con.execute(f"CREATE MACRO {name}() AS '{constant}'")
    con.execute(sql_text("macros"))
    return con
