"""Exports: nothing that a log holds becomes a formula, and values survive."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.exporting import export
from hookanalysis.results import DELIVERIES, FINDING_EVIDENCE, FINDINGS, RESENDS, ZONE_ERRORS

HOSTILE = ("=HYPERLINK(1)", "+1", "-1", "@cmd", "\t=1", ' "=1', "\uff1d1", "|calc")


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
    for table in (RESENDS, ZONE_ERRORS, FINDINGS, FINDING_EVIDENCE, DELIVERIES):
        db.con.execute(table.ddl)
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
        "resends": {"it never arrived: a resend cannot duplicate it"},
        "zone_errors": {
            (
                "app runs 60 minutes ahead of the exports: the log was read in a wrong zone"
                " (Asia/Tokyo); read it again by a zone 60 minutes further east"
            )
        },
        "findings": {"Shown: it is whole quarter-hours."},
        "finding_evidence": {
            "app: 401 signature failed",
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
