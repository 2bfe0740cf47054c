"""The files of `sql/`: rows in → rows out, headers, and the order of steps."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

import rows
from hookanalysis.database import Database, sql_text
from hookanalysis.load.files import write_settings
from hookanalysis.settings import Settings
from hookanalysis.tables import RESULTS, TABLES
from hookanalysis.verdict.findings import DIAGNOSED
from hookanalysis.verdict.steps import _CODE, _STRETCHES, STEPS, run_step, write_stretches

FOLDER = Path(__file__).parent / "sql"
SQL = Path(rows.__file__).parent.parent / "src" / "hookanalysis" / "sql"
# The others are made in code, which may have files of its own.
FILES = [step for step in STEPS if (SQL / f"{step}.sql").is_file()]


@cache
def inputs(file: str) -> set[str]:
    """Tables that a file reads, its own CTEs left out."""
    text = re.sub(r"/\*.*?\*/|--[^\n]*|'[^']*'", "", sql_text(file), flags=re.DOTALL)
    own = set(re.findall(r"(\w+) AS (?:NOT )?(?:MATERIALIZED )?\(", text))
    calls = {"unnest", "range", "generate_series"}
    names = re.findall(r"(?<!DISTINCT )\b(?:FROM|JOIN)\s+([a-z_]\w*)\b(?!\()", text)
    return set(names) - own - calls


def make_table(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A table that a step reads, empty."""
    columns = ", ".join(f"{c} {kind}" for c, kind in rows.relation_types()[name].items())
    con.execute(f"CREATE TABLE {name} ({columns})")


def dated(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a case: its times of day are on 20 November 2026."""
    day = date(2026, 11, 20)
    return {k: datetime.combine(day, v) if isinstance(v, time) else v for k, v in row.items()}


def plain(value: Any) -> Any:
    """A value as it is compared: floats to the thousandth, dates as text."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return value


@pytest.mark.parametrize("file", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_rows_in_rows_out(file: str) -> None:
    text = (FOLDER / f"{file}.toml").read_text(encoding="utf-8")
    for case in tomllib.loads(text)["case"]:
        found, expected = run_case(file, case)
        assert sorted(map(repr, found)) == sorted(map(repr, expected)), case["title"]


def run_case(file: str, case: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The rows that come out, and those that should."""
    given = dict(case.get("in", {}))
    given["settings"] = [rows.default_settings(**given.get("settings", [{}])[0])]
    stretches = _STRETCHES.get(file)
    read = inputs(file) - {stretches} | (inputs(f"stretches/{stretches}") if stretches else set())
    unread = set(given) - {"settings"} - read
    assert not unread, f"{case['title']}: the file does not read {unread}"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(sql_text("reasons"))
        for table in read:
            make_table(con, table)
            rows.insert(con, table, map(dated, given.get(table, [])))
        if "repeated_events" in read:  # it follows from the records
            source = next(t for t in ("attempt_records", "attempts") if t in read)
            events = f"SELECT hash(event_uuid) FROM {source} GROUP BY ALL HAVING COUNT(*) > 1"
            con.execute(f"INSERT INTO repeated_events {events}")
        if stretches:
            db = cast("Database", SimpleNamespace(con=con))
            db.make = partial(Database.make, db)  # type: ignore[method-assign]
            write_stretches(db, stretches)
        wanted = [dated(row) for row in case["out"]]
        asked = list(dict.fromkeys(key for row in wanted for key in row)) or ["NULL"]
        found = con.execute(f"SELECT {', '.join(asked)} FROM ({sql_text(file)})").fetchall()
    expected = [tuple(plain(row.get(column)) for column in asked) for row in wanted]
    return [tuple(map(plain, row)) for row in found], expected


def test_every_file_is_a_step() -> None:
    found = {str(path.relative_to(SQL).with_suffix("")) for path in SQL.rglob("*.sql")}
    apart = (
        "load/",
        "assignment/",
        "clocks/",
        "diagnosis/",
        "incidents/",
        "report/",
        "signatures/",
        "stretches/",
        "macros",
        "reasons",
    )
    assert {file for file in found if not file.startswith(apart)} == set(FILES)


def test_nothing_comes_of_an_empty_workspace(db: Database) -> None:
    write_settings(db, Settings())
    for step in STEPS:
        run_step(db, step)  # fails where it reads what is made after it
    names = [row[0] for row in db.rows("SELECT DISTINCT table_name FROM duckdb_tables()")]
    full = [name for name in names if db.rows(f"SELECT 1 FROM {name} LIMIT 1")]
    assert set(full) == {"meta", "settings"}


def test_headers_name_the_inputs() -> None:
    wrong = []
    for file in FILES:
        header = re.match(r"/\*(.*?)\*/", sql_text(file), re.DOTALL)
        head = header[1] if header else ""
        said = re.search(r"^   inputs: (.*?)(?:\n\n|\Z)", head, re.DOTALL | re.MULTILINE)
        told = head.startswith(f" {file}: ") and re.search(r"\n   grain:  \S", head)
        if not told or set(re.findall(r"\w+", said[1] if said else "")) != inputs(file):
            wrong.append(file)
    assert wrong == []


def test_every_result_is_made_by_a_step() -> None:
    made = {*STEPS, "candidates"}  # which `requests` makes as well
    assert {table.name for table in RESULTS} - {*DIAGNOSED} <= made


def test_a_promised_table_gets_exactly_its_columns() -> None:
    for step in (file for file in FILES if file in TABLES and file not in _CODE):
        with duckdb.connect() as con:
            con.execute(sql_text("reasons"))
            for name in inputs(step):
                make_table(con, name)
            made = rows.describe(con, sql_text(step))
        promised = TABLES[step].columns
        assert list(made.items()) == [(c.name, c.type) for c in promised], step
