"""The command line from outside: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from shutil import copyfile
from typing import Any, Self

import pytest
from click.testing import CliRunner

import hookanalysis as ha
from hookanalysis.cli import cli, main
from hookanalysis.running import LEVELS
from hookanalysis.status import find_damage

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
DAY = "2026-11-20"


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from hookanalysis.cli import main; main()"]
    environment = {**os.environ, "HOOKANALYSIS_WORKSPACE": "case.duckdb"}
    return subprocess.run(
        [*program, *map(str, words)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_here(
    folder: Path, *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> subprocess.CompletedProcess[str]:
    """As `run`, in this process: a program's start takes a second."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOOKANALYSIS_WORKSPACE", "case.duckdb")
    monkeypatch.setattr(sys, "argv", ["hookanalysis", *words])
    mask = os.umask(0)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        os.umask(mask)
    told = capsys.readouterr()
    code = ended.value.code or 0
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, told.out, told.err)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small case, loaded and reconciled by the commands themselves."""
    folder = tmp_path_factory.mktemp("case")
    write_both_sides(folder, "Z", hour=10)
    head, *rows = (folder / "an export.csv").read_text().splitlines()
    # The sender itself says that nothing left it.
    lost = "06d5dc13-0000-4000-8000-000000000009,2026-11-20 12:30:00,https://h/hook,,refused"
    rows = [f"{head},response", *(f"{row}," for row in rows), lost]
    (folder / "an export.csv").write_text("\n".join(rows) + "\n")
    loaded = run(folder, "load", "--timezone", "UTC", "an export.csv", "app.jsonl")
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.count("loaded ") == len(loaded.stdout.splitlines()) == 2
    judged = run(folder, "reconcile", "--fail-on", "critical")
    assert judged.returncode == 1, judged.stderr
    assert judged.stdout.startswith("8 of 9 webhooks were delivered (88.9 %); 1 never arrived.")
    return folder


def test_a_second_load_says_unchanged(
    case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    again = run_here(case, "load", "app.jsonl", monkeypatch=monkeypatch, capsys=capsys)
    assert again.returncode == 0
    assert all(line.startswith("unchanged") for line in again.stdout.splitlines())
    assert again.stderr == ""


def test_status_is_for_people_and_for_scripts(
    case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_here(case, "status", monkeypatch=monkeypatch, capsys=capsys)
    assert "app.jsonl: until 2026-11-20 17:00 UTC" in done.stdout, done
    done = run_here(case, "status", "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert len(json.loads(done.stdout)["sources"]) == 2


def test_load_tells_the_time_range_and_an_unfinished_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = '192.0.2.7 - - [20/Nov/2026:10:0{}:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"\n'
    (tmp_path / "access.log").write_text(line.format(1) + line.format(7) + "192.0.2.7 - ")
    told = run_here(tmp_path, "load", "access.log", monkeypatch=monkeypatch, capsys=capsys).stdout
    assert "2026-11-20 10:01 to 2026-11-20 10:07 UTC" in told
    assert "last line unfinished (12 bytes)" in told


def test_an_empty_folder_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    done = run_here(tmp_path, "load", "logs", monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2
    assert "nothing to load" in done.stderr


@pytest.mark.parametrize(
    "command", [("reconcile",), ("daily",), ("export", "files", "-o", "f.csv")]
)
def test_a_mistyped_workspace_is_not_made(
    tmp_path: Path,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = (*command, "-w", "csae.duckdb")
    done = run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2
    assert "there is no such workspace" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_workspace_that_no_file_can_be_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("load", "-w", "x" * 300, "nowhere.log")
    done = run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2
    assert "too long" in done.stderr


def test_a_missing_file_is_four_lines_and_exit_code_2(
    case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = run_here(case, "load", "nowhere.log", monkeypatch=monkeypatch, capsys=capsys)
    assert bad.returncode == 2
    assert bad.stderr.startswith(" error: ")
    assert "hint: " in bad.stderr
    assert len(bad.stderr.splitlines()) <= 4
    assert not bad.stdout


def test_findings_decide_the_exit_code(
    case: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(*words: str) -> subprocess.CompletedProcess[str]:
        return run_here(case, "reconcile", *words, monkeypatch=monkeypatch, capsys=capsys)

    quiet = go("--since", "2031-01-01", "--fail-on", "info", "--json")
    assert quiet.returncode == 0, quiet.stderr
    assert json.loads(quiet.stdout)["findings"] == []
    # With all of the time again there are critical ones, as when the case was made.
    assert go("--fail-on", "never").returncode == 0


@pytest.mark.parametrize("levels", [("warning",), pytest.param(LEVELS, marks=pytest.mark.long)])
def test_a_warning_is_no_alarm_where_only_critical_findings_are(
    levels: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def go(*words: str) -> subprocess.CompletedProcess[str]:
        return run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)

    write_both_sides(tmp_path, "Z", hour=10)
    export = tmp_path / "an export.csv"
    export.write_text(export.read_text().replace("https:", "http:"))
    assert go("load", "--timezone", "UTC", export.name, "app.jsonl").returncode == 0
    told = go("reconcile", "--json")
    assert {one["severity"] for one in json.loads(told.stdout)["findings"]} == {"warning"}
    assert told.returncode == 0
    codes = {level: go("reconcile", "--fail-on", level).returncode for level in levels}
    assert codes == {level: level in {"info", "warning"} for level in levels}


def test_daily_writes_a_report_and_its_facts(case: Path) -> None:
    done = run(case, "daily", "--day", DAY, "-o", "out", "--json")
    assert done.returncode in {0, 1}, done.stderr
    told = json.loads(done.stdout)
    folder = case / "out" / DAY
    assert "<html" in (folder / "report.html").read_text()[:400]
    assert json.loads((folder / "facts.json").read_text()) == told


@pytest.mark.parametrize(
    ("now", "timezone", "yesterday"),
    [
        pytest.param(
            datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "UTC", "2026-11-23", marks=pytest.mark.long
        ),
        (datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "America/New_York", "2026-11-22"),
        pytest.param(
            datetime(2026, 11, 24, 11, 30, tzinfo=UTC),
            "Pacific/Auckland",
            "2026-11-24",
            marks=pytest.mark.long,
        ),
    ],
)
def test_daily_reports_the_last_whole_day_of_its_zone(
    case: Path, monkeypatch: pytest.MonkeyPatch, now: datetime, timezone: str, yesterday: str
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now.timestamp(), tz)

    days = []

    def note(_workspace: Path, _folder: Path, *, day: date, timezone: str) -> str:
        days.append((day.isoformat(), timezone))
        return "report.html"

    (case / "reports").mkdir(exist_ok=True)
    monkeypatch.chdir(case)
    monkeypatch.setattr("hookanalysis.cli.datetime", Clock)
    monkeypatch.setattr("hookanalysis.cli._daily_report", note)
    words = ["daily", "--timezone", timezone, "--fail-on", "never", "-w", "case.duckdb"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert days == [(yesterday, timezone)]


@pytest.mark.long
@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "xlsx"])
def test_export_writes_every_row(case: Path, suffix: str) -> None:
    done = run(case, "export", "deliveries", "-o", f"d.{suffix}")
    assert done.returncode == 0, done.stderr
    with ha.connect(case / "case.duckdb", read_only=True) as ws:
        rows = len(ws.table("deliveries"))
    assert done.stdout == f"{rows:,} rows → d.{suffix}\n"
    if suffix == "json":
        assert len(json.loads((case / "d.json").read_text())) == rows


@pytest.mark.parametrize(
    "words",
    [
        ("export", "nothing", "-o", "x.csv"),
        ("export", "deliveries", "-o", "x.pdf"),
        ("report", "no_such_notebook"),
        ("report", "daily_reconciliation", "-p", "dya=2026-11-20"),
        ("report", "daily_reconciliation", "-p", "day"),
        ("report", "daily_reconciliation", "-p", "day=yesterday"),
        ("formats", "nothing"),
        ("formats", "try", "nowhere.log"),
        ("formats", "--timezone", "UTC"),
        ("daily", "--day", "soon"),
        ("forget",),
        ("forget", "never-offered.log"),
        ("acknowledge", "nothing", "--note", "x"),
        ("daily", "--day", "9999-12-31"),
        ("daily", "--day", "0001-01-01", "--timezone", "Asia/Tokyo"),
        ("reconcile", "--since", "0001-01-01T00:00:00+14:00"),
        ("reconcile", "--since", "2026-11-22", "--until", "2026-11-20"),
        ("report", "daily_reconciliation", "-o", "case.duckdb"),
        ("export", "deliveries", "-o", "case.duckdb/d.csv"),
        ("reconcile", "--since", "then"),
        ("load", "--settings", "nowhere.toml", "x"),
    ],
)
def test_wrong_words_exit_with_2(
    case: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = run_here(case, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_of_ours_exits_with_70(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a record got lost")

    monkeypatch.setattr("hookanalysis.workspace.loading.load", fail)
    done = run_here(tmp_path, "load", "x", monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 70
    assert "AssertionError: a record got lost" in done.stderr
    assert "workspace.py:" in done.stderr
    assert len(done.stderr.splitlines()) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is full")
def test_output_that_nobody_takes_exits_with_74(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from hookanalysis.cli import main; main()", "formats"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(program, cwd=tmp_path, stdout=full, stderr=full, check=False)
    assert done.returncode == 74


@pytest.mark.long
def test_a_full_disk_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = '192.0.2.7 - - [20/Nov/2026:10:{:02}:{:02} +0000] "POST /h HTTP/1.1" 200 5 "-" "c"\n'
    text = "".join(line.format(n // 60, n % 60) for n in range(3000))
    (tmp_path / "access.log").write_text(text)
    # A file may not grow beyond that; to the program it is a disk without room.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000));"
    program = [sys.executable, "-c", limit + "from hookanalysis.cli import main; main()"]
    words = ["load", "access.log", "-w", "case.duckdb"]
    full = subprocess.run(
        [*program, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert full.returncode == 74
    assert "Traceback" not in full.stderr
    assert run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys).returncode == 0
    with ha.connect(tmp_path / "case.duckdb") as ws:
        assert len(ws.table("receipts")) == 3000
        assert find_damage(ws) == []


PAGES = ("report", "daily")
FULL = {
    "reconcile": ("--full", "--fail-on", "never"),
    "export": ("deliveries", "-o", "made.csv"),
    "report": ("delivery_gap", "-o", "made.html"),
    "daily": ("--day", DAY, "--fail-on", "never", "-o", "made"),
}


def read_all(folder: Path) -> dict[str, object]:
    """The tables of a folder's workspace, which is whole, and what was made beside it."""
    with ha.connect(folder / "case.duckdb") as ws:
        assert find_damage(ws) == []
        found = {name: str(ws.rows(f"FROM {name} ORDER BY ALL")) for name in ws.tables["name"]}
    made = (path for path in folder.rglob("*") if path.is_file())
    beside = {str(path.relative_to(folder)): path.read_bytes() for path in made}
    own = ("case.duckdb", "runs.jsonl")
    return found | {name: text for name, text in beside.items() if name not in own}


@pytest.mark.parametrize(
    ("command", "size"),
    [
        ("reconcile", 10),
        ("export", 10),
        # A kernel finds no room to start; it finds some, and the page none.
        pytest.param("report", 350, marks=pytest.mark.long),
        *(pytest.param(command, 20_000, marks=pytest.mark.long) for command in PAGES),
    ],
)
def test_without_room_a_command_leaves_what_was(
    command: str,
    size: int,
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clean, full = tmp_path / "clean", tmp_path / "full"
    for folder in (clean, full):
        folder.mkdir()
        copyfile(case / "case.duckdb", folder / "case.duckdb")
    before = read_all(full)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
    words = [command, *FULL[command], "-w", "case.duckdb"]
    program = [sys.executable, "-c", limit + "from hookanalysis.cli import main; main()", *words]
    done = subprocess.run(program, cwd=full, capture_output=True, text=True, check=False)
    assert done.returncode == 74, done.stderr
    assert len(done.stderr.splitlines()) <= 4
    assert read_all(full) == before
    for folder in (clean, full):
        again = run_here(folder, *words, monkeypatch=monkeypatch, capsys=capsys)
        assert again.returncode == 0, again.stderr
    assert read_all(full) == read_all(clean)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_line_of_a_run_goes_into_a_file_alone(
    kind: str,
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copyfile(case / "case.duckdb", tmp_path / "case.duckdb")
    (tmp_path / "mine").write_text("mine")
    line = tmp_path / "runs.jsonl"
    line.symlink_to(tmp_path / "mine") if kind == "link" else os.mkfifo(line)
    words = ("reconcile", "--fail-on", "never")
    done = run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine").read_text() == "mine"


def test_strict_counts_what_could_not_be_read_until_it_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(*words: str) -> subprocess.CompletedProcess[str]:
        return run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)

    line = '192.0.2.7 - - [{}/Nov/2026:10:0{}:00 +0000] "POST /h HTTP/1.1" 200 5 "-" "c"\n'
    torn = line.format(20, 1) + 'POST /h {"no time": 1}\n' + line.format(20, 2)
    (tmp_path / "access.log").write_text(torn)
    assert go("load", "access.log", "--strict").returncode == 1
    told = go("reconcile", "--fail-on", "never")
    assert told.returncode == 0
    assert "1 file could be read only in part." in told.stdout
    assert go("reconcile", "--fail-on", "never", "--strict").returncode == 1
    (tmp_path / "access.log.1").write_text(line.format(21, 3))
    assert go("load", "access.log.1", "--strict").returncode == 0
    mended = go("reconcile", "--fail-on", "never", "--strict")
    assert mended.returncode == 0, mended.stdout
    assert "in part" not in mended.stdout
    (tmp_path / "copy.log").write_text("<!doctype html><html><body>Please log in</body></html>")
    assert go("load", "copy.log", "--strict").returncode == 2
    assert go("reconcile", "--fail-on", "never", "--strict", "--full").returncode == 1
    (tmp_path / "copy.log").write_text(line.format(21, 3))  # as what is loaded
    assert go("load", "copy.log", "--strict").returncode == 0
    assert go("reconcile", "--fail-on", "never", "--strict", "--full").returncode == 0


def test_a_held_workspace_exits_with_75(tmp_path: Path) -> None:
    with ha.connect(tmp_path / "case.duckdb"):
        done = run(tmp_path, "reconcile")
    assert done.returncode == 75
    assert f"process {os.getpid()}" in done.stderr


def test_python_m_hookanalysis_is_the_command(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "hookanalysis", "load", "nowhere.log"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(" error: ")


def test_the_demo_says_what_it_does_before_it_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hookanalysis.workspace.Workspace.load", stop)
    done = CliRunner().invoke(cli, ["demo", "-o", str(tmp_path)])
    assert done.output.startswith("reading ")


@pytest.mark.long
def test_formats_are_listed_shown_and_tried(case: Path) -> None:
    listed = run(case, "formats")
    assert "access_combined" in listed.stdout
    assert "showpass_csv" in listed.stdout
    shown = run(case, "formats", "app_json")
    assert shown.returncode == 0
    assert "app" in shown.stdout
    tried = run(case, "formats", "try", SAMPLES / "receiver" / "edge" / "access.log")
    assert tried.returncode == 0, tried.stderr
    assert "access_combined" in tried.stdout


def test_a_hostile_file_name_cannot_speak_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a\x1b]0;owned\x07\u202elog"
    (tmp_path / name).write_text("nothing that fits\n" * 3)
    done = run_here(tmp_path, "load", name, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr
    assert "\\x1b" in done.stderr
    line = '192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "c"\n'
    name = "a\nforgotten  b"
    (tmp_path / f"{name}.log").write_text(line)
    for words in (
        ("load", f"{name}.log"),
        ("status",),
        ("formats", "try", f"{name}.log"),
        ("export", "files", "-o", f"{name}.csv"),
        ("forget", f"{name}.log"),
    ):
        done = run_here(tmp_path, *words, monkeypatch=monkeypatch, capsys=capsys)
        assert "a\\nforgotten  b." in done.stdout
        assert not re.search("^forgotten  b", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "words",
    [("--stream", "\udcff"), ("--timezone", "\udcff"), ("--layer", "\udcff"), ("\udcff",)],
)
def test_a_word_that_is_no_text_is_bad_input(
    tmp_path: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_both_sides(tmp_path, "Z")
    done = run_here(tmp_path, "load", "app.jsonl", *words, monkeypatch=monkeypatch, capsys=capsys)
    assert done.returncode == 2, done.stderr


def test_judging_until_the_first_day_of_all_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_both_sides(tmp_path, "Z")
    patches: Any = {"monkeypatch": monkeypatch, "capsys": capsys}
    run_here(tmp_path, "load", "app.jsonl", **patches)
    words = ("reconcile", "--until", "0001-01-01", "--fail-on", "never")
    assert run_here(tmp_path, *words, **patches).returncode == 0


def test_a_workspace_that_is_in_use_can_be_waited_for(tmp_path: Path) -> None:
    held = ha.connect(tmp_path / "case.duckdb", settings=ha.Settings())
    words = ["reconcile", "-w", "case.duckdb", "--wait", "60"]
    program = [sys.executable, "-c", "from hookanalysis.cli import main; main()", *words]
    with subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.DEVNULL) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
        held.close()
        assert waiting.wait(60) == 0


def test_a_day_of_which_nothing_tells_is_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The logs stop on the 20th, the exports on the 21st; a run on the 25th finds neither."""
    write_both_sides(tmp_path, "Z", hour=10)
    export = tmp_path / "an export.csv"
    late = "06d5dc13-0000-4000-8000-000000000009,2026-11-21 10:00:00,https://h/hook,200\n"
    export.write_text(export.read_text() + late)
    patches: Any = {"monkeypatch": monkeypatch, "capsys": capsys}
    monkeypatch.setattr("hookanalysis.cli._daily_report", lambda *_, **__: "report.html")
    (tmp_path / "reports").mkdir()
    run_here(tmp_path, "load", "--timezone", "UTC", export.name, "app.jsonl", **patches)
    done = run_here(tmp_path, "daily", "--day", "2026-11-25", "--json", **patches)
    assert done.returncode == 1
    found = json.loads(done.stdout)["findings"]
    assert [(one["rule_id"], one["severity"]) for one in found] == [("silence", "critical")]
    end, beginning = "2026-11-20 17:00 UTC", "2026-11-20 10:00 UTC"
    said = {
        "2026-11-25": f"Your logs are silent since {end}; the sender's exports end at "
        "2026-11-21 10:00 UTC, so there is nothing to judge.",
        "2026-11-21": f"Your logs are silent since {end}, so there is nothing to judge.",
        "2026-11-20": "All 8 webhooks were delivered.",
        "2026-11-19": f"Your logs begin only at {beginning}; the sender's exports begin only at "
        f"{beginning}, so there is nothing to judge.",
    }
    words = ("acknowledge", "silence", "--until", "2026-11-25", "--note", "the shop has closed")
    assert run_here(tmp_path, *words, **patches).returncode == 0
    with ha.connect(tmp_path / "case.duckdb", read_only=True) as ws:
        assert [ws.facts(day=day).worst for day in ("2026-11-25", "2026-11-26")] == [
            None,
            "critical",
        ]
        assert {day: ws.facts(day=day).say_headline() for day in said} == said
        assert ws.facts(day="2026-11-20").worst is None
        # Without a day, whole days between the first and the last delivery count, or all of these.
        assert ws.facts().say_headline().startswith(f"Your logs are silent since {end}. All 8")


def write_both_sides(folder: Path, zone: str, hour: int = 15) -> None:
    """An export whose times name no zone, and an application's log whose times end in `zone`."""
    uuids = [f"06d5dc13-0000-4000-8000-00000000000{n}" for n in range(8)]
    rows = [f"{uuid},2026-11-20 1{n}:00:00,https://h/hook,200" for n, uuid in enumerate(uuids)]
    header = "webhook_event_uuid,timestamp,endpoint_url,http_status_code"
    (folder / "an export.csv").write_text("\n".join([header, *rows]) + "\n")
    lines = [
        f'{{"time":"2026-11-20T{hour + n}:00:01{zone}","msg":"webhook processed",'
        f'"webhook_event_uuid":"{uuid}","status":200}}\n'
        for n, uuid in enumerate(uuids)
    ]
    (folder / "app.jsonl").write_text("".join(lines))


@pytest.mark.parametrize(
    ("zone", "told", "mended"),
    [
        ("Z", ": the exports were read in a wrong zone (UTC); ", ["'an export.csv'"]),
        ("", ": one of the two was read in a wrong zone (", ["app.jsonl", "'an export.csv'"]),
    ],
)
def test_load_says_the_command_that_mends_a_mistaken_zone(
    tmp_path: Path,
    zone: str,
    told: str,
    mended: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_both_sides(tmp_path, zone)
    patches: Any = {"monkeypatch": monkeypatch, "capsys": capsys}
    words = ("load", "--timezone", "UTC", "--stream", "hooks", "an export.csv", "app.jsonl")
    done = run_here(tmp_path, *words, **patches)
    assert f"hooks runs 300 minutes ahead of the exports{told}" in done.stderr, done
    commands = done.stderr.strip().partition(": hookanalysis ")[2].split(" or hookanalysis ")
    assert all(command.endswith(f" {file}") for command, file in zip(commands, mended, strict=True))
    for command in commands:
        copy = tmp_path / f"copy-{len(command)}"
        copy.mkdir()
        for file in tmp_path.glob("*.*"):
            copyfile(file, copy / file.name)
        done = run_here(copy, *shlex.split(command), **patches)
        assert (done.returncode, done.stderr) == (0, ""), command
        with ha.connect(copy / "case.duckdb", read_only=True) as ws:
            assert sorted(ws.table("generations").stream.unique()) == ["hooks"]


@pytest.mark.long
def test_a_mistaken_zone_is_said_by_reconcile_until_it_is_mended(tmp_path: Path) -> None:
    write_both_sides(tmp_path, "Z")
    run(tmp_path, "load", "--timezone", "UTC", "an export.csv", "app.jsonl")
    done = run(tmp_path, "reconcile", "--json")
    assert "read them again by a zone 300 minutes further west: hookanalysis load" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert json.loads(done.stdout)
    command = done.stderr.strip().partition(": hookanalysis ")[2]
    assert run(tmp_path, *shlex.split(command)).stderr == ""
    assert run(tmp_path, "reconcile").stderr == ""
