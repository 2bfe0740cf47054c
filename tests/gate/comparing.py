"""Two states of the results: which rows and columns differ, summed up or one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from .worlds import RESULTS

# They only put rows in order: compared is the place among the rows that both states have.
_PLACES = ("position", "rank", "incident_id")
# So many groups and worlds are listed; the others are counted.
_GROUPS, _WORLDS = 8, 12

# World, what names the row in it, and which of the rows of that name it is.
Key = tuple[int, tuple[str | None, ...], int]
Rows = dict[Key, dict[str, str | None]]


@dataclass(frozen=True)
class Difference:
    """One value that is another than before; of a row that only one state has, what sums it up."""

    key: Key
    column: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        before, after = ((text or "NULL")[:90] for text in (self.before, self.after))
        return f"{self.column}: {before} → {after}"


@dataclass(frozen=True)
class Comparison:
    """One table: how many rows it has now, columns that came or went, and what differs."""

    table: str
    rows: int
    columns: tuple[str, ...]
    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return bool(self.columns or self.differences)

    def summarise(self) -> Iterator[str]:
        """Lines: how many rows differ, and by column which values became which others."""
        touched = {difference.key for difference in self.differences}
        yield f"{self.table}: {len(touched):,} rows differ, of {self.rows:,}"
        yield from (f"  {told}" for told in self.columns)
        grouped: dict[str, dict[str, list[int]]] = {}
        for difference in self.differences:
            changes = grouped.setdefault(difference.column, {})
            changes.setdefault(str(difference), []).append(difference.key[0])
        for column, changes in grouped.items():
            ranked = sorted(changes.items(), key=lambda change: -len(change[1]))
            # Times and distances change each in their own way: two of them show enough.
            often = sum(len(worlds) > 2 for _, worlds in ranked)
            listed = min(often or 2, _GROUPS)
            for told, worlds in ranked[:listed]:
                yield f"  {told}: {_count(worlds)}"
            if rest := ranked[listed:]:
                worlds = [world for _, found in rest for world in found]
                yield f"  {column}: {len(rest):,} other changes: {_count(worlds)}"

    def show(self) -> Iterator[str]:
        """Lines: each row that differs, and in what."""
        last = None
        for difference in self.differences:
            if difference.key != last:
                world, name, _ = last = difference.key
                yield f"{self.table} of world {world}: {' '.join(map(str, name))}"
            yield f"  {difference}"


def compare(before: Path, after: Path, worlds: Collection[int]) -> list[Comparison]:
    """Compare the results in two folders, of these worlds only."""
    return [_compare(table, before, after, worlds) for table in RESULTS]


def _compare(table: str, before: Path, after: Path, worlds: Collection[int]) -> Comparison:
    (had, old), (has, new) = (_read(folder, table, worlds) for folder in (before, after))
    columns = [f"{name}: the column is gone" for name in had if name not in has]
    columns += [f"{name}: the column is new" for name in has if name not in had]
    for rows in (old, new):
        _number_places(rows, old.keys() & new.keys())
    gist, nothing = RESULTS[table].gist, "no row"
    found = []
    for key in sorted(old.keys() | new.keys(), key=str):
        if key in old and key in new:
            pairs = ((name, old[key][name], new[key][name]) for name in has if name in had)
            found += [Difference(key, *pair) for pair in pairs if pair[1] != pair[2]]
        else:
            told = [rows[key].get(gist, "row") if key in rows else nothing for rows in (old, new)]
            found.append(Difference(key, "row", *told))
    return Comparison(table, len(new), tuple(columns), tuple(found))


def _read(folder: Path, table: str, worlds: Collection[int]) -> tuple[list[str], Rows]:
    """Columns and rows of a table; values are text, so that a change of type alone is none.

    Without the number of the delivery: like a receipt's, it may change.
    """
    query = f"""
    SELECT CAST(COLUMNS(LAMBDA name: name <> 'delivery_no') AS VARCHAR)
    FROM '{folder / table}.parquet' WHERE world IN $1
    """
    with duckdb.connect() as con:
        found = con.execute(query, [list(worlds)])
        columns = [column[0] for column in found.description]
        values = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    rows: Rows = {}
    seen: Counter[object] = Counter()
    for row in values:
        name = int(row["world"]), tuple(row.get(column) for column in RESULTS[table].key)
        # Of the same name, rows stand in the order of all their columns.
        seen[name] += 1
        rows[*name, seen[name]] = row
    return columns, rows


def _number_places(rows: Rows, common: Collection[Key]) -> None:
    for column in _PLACES:
        placed = [key for key in common if rows[key].get(column)]
        places: Counter[int] = Counter()
        for key in sorted(placed, key=lambda key: int(rows[key][column] or 0)):
            places[key[0]] += 1
            rows[key][column] = str(places[key[0]])


def _count(worlds: Iterable[int]) -> str:
    count, found = len(list(worlds)), sorted(set(worlds))
    more = f" and {len(found) - _WORLDS} more" if len(found) > _WORLDS else ""
    return f"{count:,} in world {', '.join(map(str, found[:_WORLDS]))}{more}"
