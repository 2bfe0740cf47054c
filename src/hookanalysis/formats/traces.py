"""Stack traces join their line: the exceptions that they name, on the record before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .forms import fill

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
    traces = fill("traces")
    con.execute(f"CREATE OR REPLACE TEMP TABLE traces AS {traces}")
    con.execute(
        "UPDATE parsed SET exception ="
        " exceptions_with(exception, first_said, last_said, level, step)"
        " FROM traces WHERE traces.owner = line"
    )
    rest = con.execute("SELECT first_said, last_said FROM traces WHERE owner IS NULL").fetchall()
    return rest[0] if rest else None


def extend_trace(con: duckdb.DuckDBPyConnection, generation_id: int, rest: tuple[str, str]) -> None:
    """Note the rest of a trace on the last line of a generation, if that was kept."""
    found = con.execute(
        """
        SELECT byte_offset, exception, level, step FROM receipt_records
        WHERE generation_id = $generation AND line = greatest(
          (SELECT max(last_line) FROM activity WHERE generation_id = $generation),
          (SELECT max(line) FROM rejects WHERE generation_id = $generation)
        )
        """,
        {"generation": generation_id},
    ).fetchall()
    for byte_offset, known, level, step in found:
        if level in {"debug", "info"} or step in {"processed", "duplicate"}:
            continue
        first = known.partition("\n")[0] if known else rest[0]
        told = rest[1] if first == rest[1] else f"{first}\n{rest[1]}"
        con.execute(
            "UPDATE receipt_records SET exception = ? WHERE generation_id = ? AND byte_offset = ?",
            [told, generation_id, byte_offset],
        )
