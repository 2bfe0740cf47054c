"""The contract of `tables.toml`: tables, columns, types, units, meanings, and the ten outcomes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

SCHEMA_VERSION = 7

_CONTRACT: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("hookanalysis").joinpath("tables.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type, and meaning (with the unit, where it has one)."""

    name: str
    type: str
    meaning: str

    @property
    def misfit(self) -> str:
        """In SQL, over all rows: whether a value is one that is never written."""
        if self.name == "timezone":
            known = "lower(timezone) IN (SELECT lower(name) FROM pg_timezone_names())"
            return rf"NOT bool_and({known} OR timezone SIMILAR TO '(UTC|GMT)?[+-]\d\d:?\d\d')"
        for end, (least, most) in _CONTRACT["limits"].items():
            if f"{self.name} {self.type}".endswith(end):
                return f"min({self.name}) < '{least}' OR max({self.name}) > '{most}'"
        return "FALSE"


@dataclass(frozen=True)
class Table:
    """One table: what a row of it is, and its columns."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    filled: tuple[str, ...] = ()  # columns in which a value always stands

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The `CREATE TABLE` statement; safe to repeat."""
        body = ",\n".join(f"  {column.name} {column.type}" for column in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.name} (\n{body}\n)"

    @property
    def misfits(self) -> str:
        """In SQL, over all rows: the columns that hold what is never written; NULL where none."""
        wrong = {column.name: column.misfit for column in self.columns}
        for name in self.filled:
            wrong[name] += f" OR count({name}) < count(*)"
        found = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for name, test in wrong.items())
        return f"'{self.name}.' || nullif(concat_ws(', {self.name}.', {found}), '')"


def _read(name: str, told: dict[str, str]) -> Table:
    lines = (line.split(maxsplit=2) for line in told["columns"].splitlines())
    filled = tuple(told.get("filled", "").split())
    return Table(name, told["grain"], tuple(Column(*line) for line in lines), filled)


OUTCOMES: dict[str, str] = _CONTRACT["outcomes"]
INTEGRITY: dict[str, dict[str, Any]] = _CONTRACT["integrity"]
BASE_TABLES, KEPT, MERGED, RESULTS = (
    tuple(_read(*entry) for entry in _CONTRACT[group].items())
    for group in ("loaded", "kept", "merged", "results")
)
TABLES = {table.name: table for table in (*BASE_TABLES, *KEPT, *MERGED, *RESULTS)}
