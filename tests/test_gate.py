"""The gate in its short form: some of the stored worlds are judged as they were accepted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from gate.comparing import compare
from gate.worlds import ACCEPTED, INPUTS, RESULTS, SECONDS, fill, stored_worlds, write_results
from hookanalysis.database import Database

SOME = [*stored_worlds()][:20]


# Single and double faults, and a rush: every fourth case is drawn as a double one.
@pytest.mark.parametrize(
    ("first", "step"),
    [
        (3, 37),
        pytest.param(3, 18, marks=pytest.mark.long),
        pytest.param(9, 18, marks=pytest.mark.long),
        pytest.param(15, 18, marks=pytest.mark.long),
    ],
)
def test_stored_worlds_are_judged_as_accepted(first: int, step: int, tmp_path: Path) -> None:
    worlds = [*stored_worlds()][first::step]
    write_results(worlds, tmp_path)
    found = compare(ACCEPTED, tmp_path, worlds)
    assert [line for table in filter(None, found) for line in table.summarise()] == []
    # A few worlds may have no incident; all have deliveries, and lines of them.
    assert all(table.rows for table in found if table.table in {"deliveries", "matches"})


def test_what_differs_is_told(tmp_path: Path) -> None:
    changes = {
        "deliveries": "SELECT * EXCLUDE (lag_ms) REPLACE ('lost' AS outcome)",
        "findings": "SELECT *, 1 AS weight",
        "incidents": "SELECT * REPLACE (failed + 1 AS failed)",
        "resends": "SELECT * REPLACE (-position AS position)",
        "matches": "SELECT * WHERE match_rule <> 'time'",
    }
    _copy(tmp_path, changes)
    told = {
        part.table: "\n".join(part.summarise())
        for part in compare(ACCEPTED, tmp_path, SOME)
        if part
    }
    assert told.keys() == changes.keys()
    for table, words in (
        ("deliveries", "outcome: delivered → lost: "),
        ("deliveries", "lag_ms: the column is gone"),
        ("findings", "weight: the column is new"),
        ("incidents", "failed: 3 → 4: "),
        ("resends", "position: 2 → 3: "),
        ("matches", "row: time → no row: "),
    ):
        assert words in told[table]


def test_numbers_that_only_put_rows_in_order_are_none(tmp_path: Path) -> None:
    _copy(tmp_path, {"incidents": "SELECT * REPLACE (7 * incident_id AS incident_id)"})
    assert not any(compare(ACCEPTED, tmp_path, SOME))


def test_inputs_outlive_a_changed_contract(db: Database) -> None:
    db.con.execute("ALTER TABLE files ADD COLUMN zone VARCHAR")
    with duckdb.connect() as con:
        query = f"SELECT * RENAME (records AS tally) FROM '{INPUTS / 'files'}.parquet' LIMIT 5"
        assert fill(db, "files", con, query) == (["world", "tally"], ["records", "zone"])
    assert db.rows("SELECT count(path), count(records) FROM files") == [(5, 0)]


def test_stored_worlds_without_the_seconds_of_activity_get_them(db: Database) -> None:
    columns = "first_at, last_at, records, seconds"
    db.con.execute(
        f"INSERT INTO activity ({columns}) VALUES"
        " ('2026-11-20 12:00:01', '2026-11-20 12:00:05', 3, NULL),"
        " ('2026-11-20 12:01:59', '2026-11-20 12:01:59', 9, NULL)"
    )
    query = f"SELECT {SECONDS} FROM activity ORDER BY first_at"
    assert db.rows(query) == [(0b101010,), (1 << 59,)]


def test_stored_worlds_stay_small_and_name_no_machine() -> None:
    assert sum(path.stat().st_size for path in ACCEPTED.parent.rglob("*.parquet")) < 5e6
    with duckdb.connect() as con:
        paths = con.execute(f"SELECT DISTINCT path FROM '{INPUTS / 'files'}.parquet'").fetchall()
    assert {Path(path).parts[0] for (path,) in paths} == {"sender", "receiver"}


def _copy(folder: Path, changes: dict[str, str]) -> None:
    with duckdb.connect() as con:
        for table in RESULTS:
            select, _, where = changes.get(table, "SELECT *").partition(" WHERE ")
            source = f"{select} FROM '{ACCEPTED / table}.parquet' WHERE {where or 'TRUE'}"
            con.execute(f"COPY ({source}) TO '{folder / table}.parquet'")
