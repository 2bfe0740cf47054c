"""A table of a live PostgreSQL database → a CSV file, to be read like any other.

DuckDB's own extension is not used: a workspace may not reach out of its file. What is read is
written by the server (`COPY … TO STDOUT`), in a transaction that cannot write. A password may stand
in the address: it goes to the server, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from hookanalysis.errors import InputError

from .packings import over_budget

# The address of a database, also as a path shortens it.
_ADDRESS = re.compile(r"(postgres(?:ql)?|mysql|mariadb):/+")
_PARTS = re.compile(r"(?P<user>(?:[^@/?#]*@)?)(?P<place>[^@/?#]*/[^?#]*)\?(?P<options>[^#]*)")
_SHAPE = "postgresql://USER@HOST/DATABASE?table=SCHEMA.TABLE"
_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Table:
    """One table of a database."""

    # Where the database is, as libpq understands it; it may hold a password.
    address: str = field(repr=False)
    database: str  # host, port and name of the database, to be shown
    table: str  # its name, with the schema if it was given

    @property
    def name(self) -> str:
        """Its address, as it may be shown."""
        return f"postgresql://{self.database}?table={self.table}"

    @property
    def stream(self) -> str:
        """The stream that it is, unless the user names it."""
        return f"{self.database}/{self.table}"

    def write(self, file: Path, wanted: Callable[[str], bool], budget: int) -> None:
        """Write the table as CSV with a header, the oldest rows first; at most `budget` bytes.

        Raises:
            InputError: The database cannot be reached, lacks the table, or refuses to show it; no
                column is wanted; it is over the budget; or psycopg is not installed.
        """
        try:
            import psycopg
        except ImportError as error:
            raise InputError(
                "a live PostgreSQL is read by psycopg, which is not installed",
                where=self.name,
                hint="pip install 'hookanalysis[postgres]'",
            ) from error
        try:
            with psycopg.connect(self.address, connect_timeout=_CONNECT_SECONDS) as con:
                con.read_only = True
                con.execute("SET timezone = 'UTC'")
                con.execute("SET datestyle = 'ISO'")
                self._copy(con, file, wanted, budget)
        except psycopg.Error as error:
            raise InputError(
                "the table cannot be read",
                reason=self._tame(error),
                where=self.name,
                hint="the user needs SELECT on it; a password may stand in PGPASSWORD or ~/.pgpass",
            ) from error

    def _copy(self, con: Any, file: Path, wanted: Callable[[str], bool], budget: int) -> None:
        from psycopg import sql

        table = sql.Identifier(*self.table.split("."))
        columns = con.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(table)).description
        chosen = [column for column in columns if wanted(column.name)]
        if not chosen:
            raise InputError(
                "no column of the table is known",
                reason=f"its columns: {', '.join(column.name for column in columns)}",
                where=self.name,
                hint='say what is what under [[sources]]: columns = {event_id = "…", time = "…"}',
            )
        times = [c.name for c in chosen if c.type_display.startswith(("timestamp", "date"))]
        order = sql.Identifier(times[0]) if times else sql.SQL("1")
        query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT (FORMAT csv, HEADER)")
        fields = sql.SQL(", ").join(sql.Identifier(column.name) for column in chosen)
        with file.open("wb") as out, con.cursor().copy(query.format(fields, table, order)) as rows:
            for block in rows:
                if out.tell() + len(block) > budget:
                    raise over_budget(self.name, budget)
                out.write(block)

    def _tame(self, error: Exception) -> str:
        """What the server says, in one line and without the password."""
        user = self.address.partition("://")[2].partition("@")[0]
        secret = unquote(user.partition(":")[2])
        told = " ".join(str(error).split())
        return told.replace(secret, "…") if secret else told


def find_table(path: object) -> Table | None:
    """The table that an address names; None where a path is no address of a database.

    Raises:
        InputError: It is an address that cannot be used; what stands in it is not repeated.
    """
    found = _ADDRESS.match(str(path))
    if not found:
        return None
    if not found[1].startswith("postgres"):
        raise InputError(
            "of live databases only PostgreSQL is read",
            hint="write the table to a CSV file, with a header",
        )
    parts = _PARTS.fullmatch(str(path), found.end())
    options = dict(parse_qsl(parts["options"])) if parts else {}
    table = options.pop("table", "")
    if not parts or not table:
        raise InputError("the address names no table of a database", hint=f"its shape is {_SHAPE}")
    rest = f"{parts['place']}?{urlencode(options)}"
    return Table(f"postgresql://{parts['user']}{rest}", parts["place"], table)
