"""The DuckDB file under a workspace: what a statement may not do, and DuckDB not print."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from hookanalysis.database import Database, connect_memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{path}')",
        "COPY (SELECT 1) TO '{path}.out'",
        "ATTACH '{path}.duckdb' AS other",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
    ],
)
def test_no_statement_leaves_the_workspace(statement: str, tmp_path: Path, db: Database) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("secret", encoding="utf-8")
    for con in (db.con, connect_memory()):
        with pytest.raises(duckdb.Error):
            con.execute(statement.format(path=path))
    assert [file.name for file in tmp_path.iterdir()] == ["secret.txt"]


def test_duckdb_draws_no_progress_of_its_own() -> None:
    # In a notebook it would stand in the cell, and so in the report; where nobody named a script,
    # DuckDB takes the session for one that wants it.
    code = """
from hookanalysis.database import Database, connect_memory
asked = "SELECT current_setting('enable_progress_bar')"
with Database(":memory:") as db:
    print(db.rows(asked), connect_memory().execute(asked).fetchall())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[(False,)] [(False,)]\n"
