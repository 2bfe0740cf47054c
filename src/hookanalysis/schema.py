"""What a table is: its columns with their types, units and meanings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type, and meaning (with the unit, where it has one)."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table: what a row of it is, and its columns."""

    name: str
    grain: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The `CREATE TABLE` statement; safe to repeat."""
        body = ",\n".join(f"  {column.name} {column.type}" for column in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.name} (\n{body}\n)"


def define_table(name: str, grain: str, *columns: tuple[str, str, str]) -> Table:
    """Make a table from (name, DuckDB type, meaning) of its columns."""
    return Table(name, grain, tuple(Column(*column) for column in columns))
