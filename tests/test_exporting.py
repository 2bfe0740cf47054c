"""Exports: nothing that a log holds becomes a formula, and values survive."""

from __future__ import annotations

import csv
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.exporting import export
from hookanalysis.tables import TABLES

HOSTILE = ("=HYPERLINK(1)", "+1", "-1", "@cmd", "\t1", ' "=1', "\uff1d1", "|calc")
INSIDE = {
    "a;=1+1": "a;'=1+1",
    'a; "@SUM(1)': "a;' \"@SUM(1)",
    "a\n=1": "a\n'=1",
    "a\t=1": "a\t'=1",
    "\t=1": "'\t'=1",
    "\n=1": "\n'=1",
    ";-1;+1": ";'-1;'+1",
    "a=1; b-2, +3": "a=1; b-2, +3",
}


@pytest.fixture
def db() -> Iterator[Database]:
    with Database(":memory:") as database:
        for n, text in enumerate([*HOSTILE, "harmless"]):
            database.con.execute(
                "INSERT INTO rejects (line, byte_offset, bytes, reason) VALUES (?, ?, -5, ?)",
                [n, n * 10, text],
            )
        yield database


def test_csv_marks_formulas_as_text(db: Database, tmp_path: Path) -> None:
    assert export(db, "rejects", tmp_path / "r.csv") == len(HOSTILE) + 1
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert [row["reason"] for row in rows] == [*("'" + text for text in HOSTILE), "harmless"]
    assert {row["bytes"] for row in rows} == {"-5"}


def test_csv_marks_what_a_semicolon_would_part(db: Database, tmp_path: Path) -> None:
    db.con.execute("DELETE FROM rejects")
    for n, text in enumerate(INSIDE):
        db.con.execute("INSERT INTO rejects (line, reason) VALUES (?, ?)", [n, text])
    export(db, "rejects", tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == [*INSIDE.values()]


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_only_a_file_is_overwritten(db: Database, tmp_path: Path, kind: str) -> None:
    target, other = tmp_path / "r.csv", tmp_path / "precious.csv"
    other.write_text("precious")
    if kind == "folder":
        target.mkdir()
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to(other if kind == "link" else "nowhere.csv")
    with pytest.raises(InputError, match="only a file is overwritten"):
        export(db, "rejects", target)
    assert other.read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"r.csv", "precious.csv"}


def test_what_a_killed_run_left_is_cleared_by_the_next(db: Database, tmp_path: Path) -> None:
    left, mine, held = (tmp_path / f".hka-work-{name * 8}" for name in "abc")
    for folder in (left, held, mine):
        folder.mkdir()
        (folder / "part.csv").write_text("half")
    user = tmp_path / ".hka-work-of-mine"
    user.mkdir()
    for folder in (left, held, user):
        os.utime(folder, (0, 0))
    handle = os.open(held, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        export(db, "rejects", tmp_path / "r.csv")
    finally:
        os.close(handle)
    assert {p.name for p in tmp_path.iterdir()} == {"r.csv", mine.name, held.name, user.name}


def test_what_was_spilled_beside_a_workspace_is_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "case.duckdb.tmp"
    folder.mkdir()
    for name in ("duckdb_temp_storage_DEFAULT-0.tmp", "duckdb_temp_block-1.block", "mine"):
        (folder / name).write_text("old")
        os.utime(folder / name, (0, 0))
    (folder / "duckdb_temp_storage_DEFAULT-1.tmp").write_text("of this process")
    Database(tmp_path / "case.duckdb").close()
    assert {p.name for p in folder.iterdir()} == {"mine", "duckdb_temp_storage_DEFAULT-1.tmp"}


def test_xlsx_holds_no_formula(db: Database, tmp_path: Path) -> None:
    export(db, "rejects", tmp_path / "r.xlsx")
    with ZipFile(tmp_path / "r.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


def test_json_and_parquet_keep_values_as_they_are(db: Database, tmp_path: Path) -> None:
    import duckdb

    export(db, "rejects", tmp_path / "r.json")
    told = [row["reason"] for row in json.loads((tmp_path / "r.json").read_text())]
    export(db, "rejects", tmp_path / "r.parquet")
    query = "SELECT reason FROM read_parquet(?) ORDER BY line"
    stored = [row[0] for row in duckdb.execute(query, [str(tmp_path / "r.parquet")]).fetchall()]
    assert told == stored == [*HOSTILE, "harmless"]


def test_a_sheet_says_codes_in_words(db: Database, tmp_path: Path) -> None:
    for name in ("resends", "zone_errors", "findings", "finding_evidence", "deliveries"):
        db.con.execute(TABLES[name].ddl)
    db.con.execute("INSERT INTO resends (reason) VALUES ('missed')")
    db.con.execute(
        "INSERT INTO zone_errors VALUES ('app', 60, 9, NULL, NULL, 'log', 'Asia/Tokyo', NULL)"
    )
    db.con.execute(
        "INSERT INTO findings (rule_id, evidence, against) VALUES ('zone', 'whole=1/1', '')"
    )
    db.con.execute(
        "INSERT INTO finding_evidence (rule_id, side, status, http_status, what) VALUES"
        " ('clock', 'app', 'signature_failed', 401, NULL),"
        " ('clock', NULL, NULL, NULL, 'stream=app off=9 step=3')"
    )
    db.con.execute("INSERT INTO deliveries (reason) VALUES ('conflict'), (NULL)")
    said = {
        "resends": {"never arrived: a resend is safe"},
        "zone_errors": {
            (
                "app runs 60 minutes ahead of the exports: the log was read in a wrong zone"
                " (Asia/Tokyo); read it again by a zone 60 minutes further east"
            )
        },
        "findings": {"Shown: it is whole quarter-hours."},
        "finding_evidence": {
            "app 401 signature failed",
            "app: up to 9 s off, changed by up to 3 s in a day",
        },
        "deliveries": {"Exports disagree about this event; export its attempts again.", ""},
    }
    for name, words in said.items():
        export(db, name, tmp_path / "t.csv")
        rows = csv.DictReader((tmp_path / "t.csv").read_text().splitlines())
        assert {row["in_words"] for row in rows} == words


def test_a_failed_export_leaves_the_old_file(db: Database, tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    target.write_text("old")
    with pytest.raises(InputError):
        export(db, "no_such_table", target)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]


def test_a_missing_folder_is_said(db: Database, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        export(db, "rejects", tmp_path / "no" / "r.csv")


def test_a_table_too_long_for_a_sheet_is_said(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookanalysis.exporting._MOST_IN_XLSX", len(HOSTILE))
    with pytest.raises(InputError, match="too long for a spreadsheet") as caught:
        export(db, "rejects", tmp_path / "r.xlsx")
    assert ".csv or .parquet" in caught.value.hint
    assert not list(tmp_path.iterdir())
