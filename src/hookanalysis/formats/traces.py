"""Stack traces join their line: the exceptions that they name, on the record before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fields import scrub
from .forms import fill, literal
from .stacks import RAISED

if TYPE_CHECKING:
    import duckdb


def attach_traces(con: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    """Note on the rows of `parsed` what the traces below their lines name.

    Args:
        con: With the tables `scanned` and `parsed` of one piece of text.

    Returns:
        The first and last exception of a trace with which the piece begins, if it does so.
    """
    named = "SELECT 1 FROM scanned WHERE verdict = 'ignore' AND record IS NOT NULL LIMIT 1"
    if not con.execute(named).fetchall():
        return None
    traces = fill("traces", raised=literal(RAISED), said=scrub("named"))
    con.execute(f"CREATE OR REPLACE TEMP TABLE traces AS {traces}")
    con.execute(
        f"{_update('parsed', 'first_said', 'last_said')} FROM traces WHERE traces.owner = line"
    )
    rest = con.execute("SELECT first_said, last_said FROM traces WHERE owner IS NULL").fetchall()
    return rest[0] if rest else None


def extend_trace(con: duckdb.DuckDBPyConnection, generation_id: int, rest: tuple[str, str]) -> None:
    """Note the rest of a trace on the last line of a generation, if that was kept."""
    con.execute(
        f"""
        {_update("receipt_records", "$first", "$last")}
        WHERE generation_id = $generation AND line = greatest(
          (SELECT max(last_line) FROM activity WHERE generation_id = $generation),
          (SELECT max(line) FROM rejects WHERE generation_id = $generation)
        )
        """,
        {"first": rest[0], "last": rest[1], "generation": generation_id},
    )


def _update(table: str, first: str, last: str) -> str:
    joined = fill("joined", known=f"{table}.exception", first=first, last=last)
    return f"UPDATE {table} SET exception = {joined}"
