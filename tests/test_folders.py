"""What a folder gives: logs, beside what this package made itself, bad names, and things no log."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import hookanalysis as ha
from hookanalysis.cli import cli
from hookanalysis.exporting import export
from hookanalysis.load import files
from hookanalysis.load.files import find_lacks
from hookanalysis.load.manifest import FileReport
from hookanalysis.load.offers import walk
from hookanalysis.load.transfers import Transfer
from hookanalysis.settings import Settings
from hookanalysis.status import find_damage

MARK = '<meta name="generator" content="hookanalysis">'
UUID = "06d5a3f0-0000-4000-8000-{:012d}"
LINE = '10.0.0.9 - - [22/Nov/2026:14:03:{:02d} +0000] "POST /hook HTTP/1.1" 200 5 "-" "x"\n'
ROWS = "webhook_event_uuid,endpoint_url,attempted_at,http_status\n"
ROW = "{},https://a.example/hook,2026-11-22T14:03:00Z,200\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_loaded_without_what_was_made_of_it(tmp_path: Path) -> None:
    logs = write(
        tmp_path / "in",
        {
            "access.log": LINE.format(1),
            "rows.csv": ROWS + ROW.format(UUID.format(1)),
            "hookanalysis.toml": "endpoints = []\n",
            "report.html": f"<!DOCTYPE html>\n{MARK}\n",
            "facts.json": json.dumps({"period": {"since": "2026-11-22T00:00:00Z"}}, indent=1),
            "gap.ipynb": '{"cells": []}',
        },
    )
    with ha.connect(logs / "case.duckdb", settings=Settings()) as ws:
        ws.load(logs / "access.log", logs / "rows.csv")
        ws.reconcile()
        for suffix in ("csv", "json", "parquet"):
            export(ws, "deliveries", logs / f"deliveries.{suffix}")
    with ha.connect(tmp_path / "new.duckdb", settings=Settings()) as ws:
        report = ws.load(logs)
        assert {Path(f.path).name for f in report.files if f.status == "loaded"} == {
            "access.log",
            "rows.csv",
        }
        assert {file.status for file in report.files} == {"loaded", "passed"}
        assert not ws.table("files")["status"].isin(["passed", "refused"]).any()
        named = ws.load(logs / "deliveries.csv")
    assert named.refused
    assert "the table deliveries of a workspace" in str(named)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.log.wal", LINE.format(1)),
        ("lines.ipynb", '{"time":"2026-11-22T14:03:01Z","msg":"POST /hook","cells":4}\n'),
        (
            "x.log",
            LINE.format(1).replace("/hook", '/<meta_name="generator"_content="hookanalysis">'),
        ),
    ],
)
def test_logs_with_names_and_words_like_ours_are_read(tmp_path: Path, name: str, text: str) -> None:
    logs = write(tmp_path / "in", {"app.log": LINE.format(1), name: text})
    with ha.connect(":memory:", settings=Settings()) as ws:
        assert "passed" not in {file.status for file in ws.load(logs).files}


def test_one_bad_thing_stops_nothing(tmp_path: Path) -> None:
    logs = write(tmp_path / "in", {"access.log": LINE.format(1), "z.log": LINE.format(2)})
    Path(os.fsdecode(bytes(logs) + b"/na\xffme.log")).write_text(LINE.format(3))
    (logs / "broken").symlink_to("nowhere")
    (logs / "x.png").write_bytes(b"\x89PNG\0\0\0")
    os.mkfifo(logs / "pipe")
    with ha.connect(":memory:", settings=Settings()) as ws:
        report = ws.load(logs)
        assert len(ws.table("receipts")) == 3
    assert len(report.refused) == 3
    assert any("na\\udcffme.log" in file.path for file in report.files)


def test_a_folder_that_may_not_be_seen_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = write(tmp_path / "in", {"a.log": LINE.format(1), "shut/b.log": LINE.format(2)})
    write(logs, {"z.log": LINE.format(3), ".hidden/c.log": LINE.format(4)})
    look = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with ha.connect(":memory:", settings=Settings()) as ws:
        report = ws.load(logs, tmp_path / ("x" * 300), logs / "z.log")
        assert len(ws.table("receipts")) == 2
    assert [Path(file.path).name[:5] for file in report.refused] == ["shut", "xxxxx"]


def test_a_file_that_vanishes_is_a_log_that_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = write(tmp_path / "in", {f"{name}.log": LINE.format(n) for n, name in enumerate("abc")})
    offers = [*walk([logs])]
    (logs / "b.log").unlink()
    monkeypatch.setattr("hookanalysis.load.files.walk", lambda _: offers)
    with ha.connect(":memory:", settings=Settings()) as ws:
        report = ws.load(logs)
    assert [(Path(f.path).name, f.status) for f in report.files if f.status != "loaded"] == [
        ("b.log", "refused")
    ]
    assert "vanished" in str(report)


def test_a_fault_of_ours_stops_only_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = write(tmp_path / "in", {f"{name}.log": LINE.format(n) for n, name in enumerate("abc")})
    run = Transfer.run

    def fail(self: Transfer, head: bytes) -> FileReport:
        report = run(self, head)
        if self.offer.path.name == "b.log":
            raise AssertionError("a record got lost")
        return report

    monkeypatch.setattr(Transfer, "run", fail)
    done = CliRunner().invoke(cli, ["load", str(logs), "-w", str(tmp_path / "w.duckdb")])
    assert done.exit_code == 70
    assert "b.log" in done.stderr
    with ha.connect(tmp_path / "w.duckdb") as ws:
        assert len(ws.table("receipts")) == 2
        assert find_damage(ws) == []


def test_a_line_end_in_a_name_makes_no_line(tmp_path: Path) -> None:
    logs = write(tmp_path / "in", {"a\nloaded  b.log": LINE.format(1), "c\n error: x": "?\n"})
    with ha.connect(":memory:", settings=Settings()) as ws:
        report = ws.load(logs)
    (loaded, *told) = str(report).splitlines()
    assert "a\\nloaded  b.log" in loaded
    assert [line[:6] for line in told if "error: x" in line] == [" where", "  hint"]


def test_many_files_have_a_line_for_each_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SINGLY", 3)
    logs = write(tmp_path / "in", {f"{n:02d}.log": LINE.format(n) for n in range(3)})
    write(logs, {f"note{n}.md": "words\n" for n in range(2)})
    short, long = (
        CliRunner().invoke(cli, ["load", *words, str(logs), "-w", str(tmp_path / "w.duckdb")])
        for words in ([], ["--verbose"])
    )
    (line,) = short.stdout.splitlines()
    assert "3 files  access_combined (edge)  3 records, 3 kept, 0 rejected" in line
    assert "2026-11-22 14:03 to 2026-11-22 14:03 UTC" in line
    refused = [line for line in short.stderr.splitlines() if line.startswith("refused")]
    assert len(refused) == 1
    assert "2 files" in refused[0]
    assert [line.split()[0] for line in long.stdout.splitlines()] == ["unchanged"] * 3
    assert short.exit_code == long.exit_code == 2


@pytest.mark.parametrize(
    ("files", "settings", "lacks"),
    [
        ({"a.log": LINE.format(1)}, {}, ["the sender's side", "names an event"]),
        ({"a.csv": ROWS + ROW.format(UUID.format(1))}, {}, ["your own side"]),
        (
            {
                "a.csv": ROWS.replace("endpoint_url", "sent_by")
                + ROW.format(UUID.format(1)).replace("14:03", "18:03"),
                "a.log": LINE.format(1),
            },
            {},
            ["a.csv names no URL", "no time in common", "names an event"],
        ),
        (
            {
                "a.csv": ROWS.replace("endpoint_url", "sent_by") + ROW.format(UUID.format(1)),
                "a.log": LINE.format(1).replace("POST /hook", "GET /health"),
            },
            {"endpoints": ("https://a.example/hook",)},
            ["no line of your logs looks like a webhook"],
        ),
        (
            {
                "a.csv": ROWS + ROW.format(UUID.format(1)),
                "a.log": f"2026-11-22T14:03:00Z webhook_event_uuid={UUID.format(1)} seen\n",
            },
            {},
            ["tells neither a status"],
        ),
    ],
)
def test_what_is_missing_to_judge_is_said(
    tmp_path: Path, files: dict[str, str], settings: dict[str, object], lacks: list[str]
) -> None:
    logs = write(tmp_path / "in", files)
    with ha.connect(":memory:", settings=Settings(**settings)) as ws:  # type: ignore[arg-type]
        report = ws.load(logs)
    assert not report.refused
    assert len(report.lacks) == len(lacks)
    assert all(part in told for part, told in zip(lacks, report.lacks, strict=True)), report.lacks


def test_nothing_is_missing_in_the_samples(samples: Path) -> None:
    with ha.connect(samples, read_only=True) as ws:
        assert find_lacks(ws) == ()
