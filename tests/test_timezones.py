"""The time-zone database that reads local times, and where the machine's differs."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import hookanalysis as ha
from hookanalysis.cli import cli
from hookanalysis.loading.timezones import compare_databases, name_database

if TYPE_CHECKING:
    from pathlib import Path

EXPORT = (
    "ID,Time,Event,Webhook URL,Status,HTTP Status Code,Idempotency\n"
    "a1,2026-07-01 10:00:00,invoice.purchase,https://shop.example/hooks,Success,200,"
    "11111111-0000-4000-8000-000000000000\n"
)


def workspace(folder: Path, zone: str) -> Path:
    export = folder / "export.csv"
    export.write_text(EXPORT)
    with ha.connect(folder / "case.duckdb") as ws:
        assert ws.load(export, timezone=zone).refused == ()
    return folder / "case.duckdb"


def test_the_database_is_named_in_the_facts(tmp_path: Path) -> None:
    file = workspace(tmp_path, "Europe/Berlin")
    with ha.connect(file) as ws:
        ws.reconcile()
        told = ws.facts().versions.tzdata
        assert told == name_database(ws)
    assert told.startswith("DuckDB ")


def test_a_zone_that_no_law_has_changed_agrees(tmp_path: Path) -> None:
    file = workspace(tmp_path, "America/New_York")
    with ha.connect(file, read_only=True) as ws:
        assert compare_databases(ws) == ()
    result = CliRunner().invoke(cli, ["doctor", "-w", str(file)])
    assert result.exit_code == 0
    assert "agree" in result.output


def test_a_machine_that_tells_another_time_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace(tmp_path, "America/New_York")
    # A machine whose New York keeps the time of Halifax.
    monkeypatch.setattr(
        "hookanalysis.loading.timezones.ZoneInfo", lambda _: zoneinfo.ZoneInfo("America/Halifax")
    )
    with ha.connect(file, read_only=True) as ws:
        (found,) = compare_databases(ws)
    assert (found.zone, found.since) == ("America/New_York", datetime(2025, 7, 1))  # noqa: DTZ001
    assert (found.ours, found.theirs) == (timedelta(hours=-4), timedelta(hours=-3))
    result = CliRunner().invoke(cli, ["doctor", "-w", str(file)])
    assert result.exit_code == 1
    assert "times are read as UTC-04:00 on 2025-07-01; this machine says -03:00" in result.output
