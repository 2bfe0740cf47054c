"""The time-zone database that reads local times, and where the machine's differs."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import hookanalysis as ha
from hookanalysis.cli import cli
from hookanalysis.zones import compare_databases, name_database

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


@pytest.mark.long
def test_the_database_is_named_in_the_facts(tmp_path: Path) -> None:
    file = workspace(tmp_path, "Europe/Berlin")
    with ha.connect(file) as ws:
        ws.reconcile()
        told = ws.facts().versions.tzdata
        assert told == name_database()
    assert told.startswith("DuckDB ")


def test_a_zone_that_no_law_has_changed_agrees(tmp_path: Path) -> None:
    file = workspace(tmp_path, "America/New_York")
    with ha.connect(file, read_only=True) as ws:
        assert compare_databases(ws) == {}
    result = CliRunner().invoke(cli, ["doctor", "-w", str(file)])
    assert result.exit_code == 0
    assert "agree" in result.output


def test_a_machine_that_tells_another_time_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace(tmp_path, "America/New_York")
    # A machine whose New York keeps the time of Halifax.
    monkeypatch.setattr(
        "hookanalysis.zones.ZoneInfo", lambda _: zoneinfo.ZoneInfo("America/Halifax")
    )
    with ha.connect(file, read_only=True) as ws:
        assert list(compare_databases(ws)) == ["America/New_York"]
    result = CliRunner().invoke(cli, ["doctor", "-w", str(file)])
    assert result.exit_code == 1
    assert "times are read as UTC-04:00 on 2025-07-01; this machine says -03:00" in result.output


def app_lines(*times: str) -> str:
    return "".join(f'{{"time": "{time}", "level": "info", "msg": "beat"}}\n' for time in times)


def minutes(hour: int, first: int = 0, last: int = 59) -> list[str]:
    return [f"2026-11-01 {hour:02}:{minute:02}:00" for minute in range(first, last + 1)]


def read(folder: Path, text: str, name: str = "app.log") -> list[tuple[str, str | None]]:
    """Minutes of activity (UTC), and their second readings, of a log in New York's time."""
    (folder / name).write_text(text)
    with ha.connect(folder / "case.duckdb") as ws:
        assert ws.load(folder / name, timezone="America/New_York").refused == ()
        found = ws.rows("SELECT minute_at, later_at FROM activity ORDER BY first_line")
    return [(f"{at:%H:%M}", later and f"{later:%H:%M}") for at, later in found]


def test_the_order_of_a_log_tells_which_hour_it_was(tmp_path: Path) -> None:
    hours = [*minutes(0), *minutes(1), *minutes(1), *minutes(2)]
    found = read(tmp_path, app_lines(*hours))
    assert found == [(f"{4 + n // 60:02}:{n % 60:02}", None) for n in range(240)]


def test_an_export_with_the_newest_first_is_read_backwards(tmp_path: Path) -> None:
    hours = [*minutes(0, 50), *minutes(1), *minutes(1), *minutes(2, 0, 9)]
    row = EXPORT.splitlines()[1]
    text = "\n".join(
        [EXPORT.splitlines()[0]]
        + [
            row.replace("2026-07-01 10:00:00", time).replace("a1", f"a{number}")
            for number, time in reversed(list(enumerate(hours)))
        ]
    )
    found = read(tmp_path, text + "\n", "export.csv")
    assert [later for _, later in found] == [None] * 140
    assert [at for at, _ in found] == [
        f"{4 + n // 60:02}:{n % 60:02}" for n in reversed(range(50, 190))
    ]


@pytest.mark.long
def test_a_log_that_shows_only_one_of_the_hours_keeps_both_readings(tmp_path: Path) -> None:
    found = read(tmp_path, app_lines(*minutes(0, 58), *minutes(1, 0, 1), *minutes(2, 0, 0)))
    assert found == [
        ("04:58", None),
        ("04:59", None),
        ("05:00", "06:00"),
        ("05:01", "06:01"),
        ("07:00", None),
    ]
    with ha.connect(tmp_path / "case.duckdb") as ws:
        ws.reconcile()
        holes = ws.rows("SELECT reason FROM coverage WHERE NOT covered")
    assert holes == [("dst_ambiguous",)]


def test_a_log_in_no_order_keeps_both_readings(tmp_path: Path) -> None:
    times = ["00:30", "00:10", "01:50", "01:10", "02:30"]
    found = read(tmp_path, app_lines(*(f"2026-11-01 {time}:00" for time in times)))
    assert [later for _, later in found] == [None, None, "06:50", "06:10", None]


def test_a_time_that_the_clock_never_showed_is_rejected(tmp_path: Path) -> None:
    before = [f"2026-03-08 01:{minute}:00" for minute in range(50, 60)]
    (tmp_path / "app.log").write_text(app_lines(*before, "2026-03-08 02:30:00"))
    with ha.connect(tmp_path / "case.duckdb") as ws:
        ws.load(tmp_path / "app.log", timezone="America/New_York")
        assert ws.rows("SELECT line, reason FROM rejects") == [(11, "clock_change")]
