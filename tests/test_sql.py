"""The files of `sql/`: rows in → rows out, the portable subset, headers, and the order of steps."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

import rows
from hookanalysis.database import sql_name, sql_text
from hookanalysis.reconciliation import MATCH_RULES, STEPS, Step
from hookanalysis.results import DIAGNOSED
from hookanalysis.tables import BASE_TABLES, RESULTS, TABLES, VIEW_FILES

FOLDER = Path(__file__).parent / "sql"
SQL_STEPS = [step for step in STEPS if step.makes != "code"]
PROMISED = [step for step in SQL_STEPS if (step.into or step.name) in TABLES]
FILES = [*VIEW_FILES, *(step.file for step in SQL_STEPS)]
CASES = [
    pytest.param(file, case, id=f"{sql_name(file)}: {case['title']}")
    for file in FILES
    for case in tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))["case"]
]


def parse(file: str) -> exp.Query:
    statements = sqlglot.parse(sql_text(file), dialect="duckdb")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Query)
    return statements[0]


def inputs(query: exp.Query) -> set[str]:
    """Tables that a query reads, its own CTEs left out."""
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    return {table.name for table in query.find_all(exp.Table)} - own


def make_inputs(con: duckdb.DuckDBPyConnection, file: str) -> None:
    """The tables that a file reads, all empty."""
    for table in inputs(parse(file)):
        columns = ", ".join(f"{c} {kind}" for c, kind in rows.relation_types()[table].items())
        con.execute(f"CREATE TABLE {table} ({columns})")


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


@pytest.mark.parametrize(("file", "case"), CASES)
def test_rows_in_rows_out(file: str, case: dict[str, Any]) -> None:
    given = dict(case.get("in", {}))
    given["settings"] = [rows.default_settings(**given.get("settings", [{}])[0])]
    needed = inputs(parse(file))
    assert set(given) - {"settings"} <= needed, "rows for a table that the file does not read"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        make_inputs(con, file)
        for table in needed:
            rows.insert(con, table, map(dated, given.get(table, [])))
        wanted = [dated(row) for row in case["out"]]
        asked = list(dict.fromkeys(key for row in wanted for key in row)) or ["NULL"]
        found = con.execute(f"SELECT {', '.join(asked)} FROM ({sql_text(file)})").fetchall()
    expected = [tuple(plain(row.get(column)) for column in asked) for row in wanted]
    assert sorted(map(repr, found_rows(found))) == sorted(map(repr, expected))


def found_rows(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(plain(value) for value in row) for row in found]


def test_every_file_is_a_view_or_a_step() -> None:
    folder = Path(rows.__file__).parent.parent / "src" / "hookanalysis" / "sql"
    found = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.sql")}
    apart = ("load/", "diagnosis/", "facts/", "reports/")
    assert {file for file in found if not file.startswith(apart)} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_nothing_comes_of_an_empty_workspace(file: str) -> None:
    with duckdb.connect() as con:
        make_inputs(con, file)
        rows_of_settings = [rows.default_settings()]
        if "settings" in inputs(parse(file)):
            rows.insert(con, "settings", rows_of_settings)
        assert con.execute(sql_text(file)).fetchall() == []


@pytest.mark.parametrize("file", FILES)
def test_header_names_the_inputs(file: str) -> None:
    header = re.match(r"/\*(.*?)\*/", sql_text(file), re.DOTALL)
    assert header
    assert header[1].startswith(f" {sql_name(file)}: ")
    assert re.search(r"^   grain:  \S", header[1], re.MULTILINE)
    said = re.search(r"^   inputs: (.*?)(?:\n\n|\Z)", header[1], re.DOTALL | re.MULTILINE)
    assert said
    assert set(re.findall(r"\w+", said[1])) == inputs(parse(file))


@pytest.mark.parametrize("file", FILES)
def test_portable_subset(file: str) -> None:
    query = parse(file)
    for select in [query, *query.find_all(exp.SetOperation)]:
        outer = select.selects if select is query else []
        assert not any(isinstance(column, exp.Star) for column in outer), "outer star"
    for select in query.find_all(exp.Select):
        named = [name for name in select.named_selects if name]
        assert len(named) == len(set(named)), f"a column twice: {named}"
    for join in query.find_all(exp.Join):
        assert (join.args.get("kind") or "") not in {"ASOF", "NEAREST", "POSITIONAL"}
    for node in query.find_all(exp.Pivot, exp.Lambda, exp.Struct, exp.Map, exp.Qualify):
        pytest.fail(f"not portable: {node.sql(dialect='duckdb')}")
    code = re.sub(r"/\*.*?\*/|--[^\n]*", "", sql_text(file), flags=re.DOTALL)
    assert not re.search(r"\b(time_bucket|epoch\w*|quantile\w*|isodow|dow)\b", code, re.IGNORECASE)
    for unit in re.findall(r"DATE_(?:DIFF|SUB)\(\s*'(\w+)'", code, re.IGNORECASE):
        assert unit == "microsecond"
    plain_code = re.sub(r"'[^']*'", "", code)
    words = re.findall(r"\b(select|from|where|group by|join|case|when|over)\b", plain_code)
    assert not words, f"keywords are upper case: {words}"


@pytest.mark.parametrize("file", FILES)
def test_windows_are_in_a_total_order(file: str) -> None:
    code = re.sub(r"/\*.*?\*/|--[^\n]*", "", sql_text(file), flags=re.DOTALL)
    code = re.sub(r"WITHIN GROUP \(ORDER BY", "WITHIN GROUP (", code)
    for found in re.finditer(r"ORDER BY\s", code):
        keys = split_keys(code[found.end() :])
        assert all(key.endswith("NULLS LAST") for key in keys), keys
        # One key is enough where it is a row number.
        assert len(keys) > 1 or keys in (["place NULLS LAST"], ["o.place NULLS LAST"]), keys


def split_keys(text: str) -> list[str]:
    """The keys of an ORDER BY, up to the end of its window."""
    keys, depth, start = [], 0, 0
    for at, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        ends = depth < 0 or (depth == 0 and re.match(r"(ROWS|RANGE) BETWEEN", text[at:]))
        if ends or (mark == "," and depth == 0):
            keys.append(" ".join(text[start:at].split()))
            start = at + 1
        if ends:
            break
    return keys


def test_steps_read_only_what_is_made_before_them() -> None:
    made = {table.name for table in BASE_TABLES}
    for file in VIEW_FILES:
        assert inputs(parse(file)) <= made, file
        made.add(sql_name(file))
    for step in STEPS:
        if step in SQL_STEPS:
            assert inputs(parse(step.file)) <= made, step.file
        made.add(step.into or step.name)


def test_every_result_is_made_by_a_step() -> None:
    made = {step.into or step.name for step in STEPS}
    assert {table.name for table in RESULTS} - {table.name for table in DIAGNOSED} <= made


@pytest.mark.parametrize("step", PROMISED, ids=lambda step: step.file)
def test_a_promised_table_gets_exactly_its_columns(step: Step) -> None:
    with duckdb.connect() as con:
        make_inputs(con, step.file)
        made = rows.describe(con, sql_text(step.file))
    promised = TABLES[step.into or step.name].columns
    assert list(made.items()) == [(column.name, column.type) for column in promised]


def test_match_rules_are_those_that_the_rungs_write() -> None:
    rungs = [step.file for step in STEPS if step.into == "matches"]
    written = [
        rule
        for file in ["matching/placed_receipts", *rungs]
        for rule in MATCH_RULES
        if f"'{rule}'" in sql_text(file)
    ]
    assert list(dict.fromkeys(written)) == list(MATCH_RULES)
