"""Files read by several processes: the same rows as one by one, whatever happens to a process."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hookanalysis as ha
from hookanalysis.load import files, offers, workers
from hookanalysis.load.offers import find_samples
from hookanalysis.load.parts import Part
from hookanalysis.read.sources import Source
from hookanalysis.tables import BASE_TABLES
from test_loading import access_line, app_line, export_text, uuid
from tiers import some

if TYPE_CHECKING:
    from collections.abc import Callable

Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def little_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_BYTES", 1)


def tables(ws: ha.Workspace) -> Tables:
    """All that loading wrote, its numbers of files and generations too."""
    return {t.name: ws.rows(f"FROM {t.name} ORDER BY ALL") for t in BASE_TABLES if t.name != "meta"}


def trace(n: int) -> str:
    at = f"2026-11-20T10:{n // 60:02d}:{n % 60:02d}Z"
    words = f"{at} ERROR webhook failed webhook_event_uuid={uuid(n)}\n"
    return words + "Traceback (most recent call last):\n" + '  File "a.py", line 1\n'


def write_first(folder: Path) -> None:
    """What is loaded before: logs and an export that grow, and one that is rotated."""
    for name in ("edge", "app", "exports", "copies"):
        (folder / name).mkdir(parents=True)
    (folder / "edge/access.log").write_text("".join(access_line(n) for n in range(200)))
    (folder / "edge/old.log").write_text("".join(access_line(n) for n in range(700, 750)))
    (folder / "app/app.log").write_text("".join(map(app_line, range(100))))
    (folder / "app/traced.log").write_text("".join(map(trace, range(100, 110))))
    (folder / "exports/a.csv").write_text(export_text((1, "Success", "200"), (2, "Success", "200")))


def write_second(folder: Path) -> None:
    """The same some time later: grown, rotated, copied, cut, damaged, and what cannot be read."""
    (folder / "edge/access.log").rename(folder / "edge/access.log.1")
    with (folder / "edge/access.log.1").open("a") as log:
        log.writelines(access_line(n) for n in range(200, 300))
    (folder / "edge/access.log").write_text("".join(access_line(n) for n in range(300, 400)))
    with (folder / "app/app.log").open("a") as log:
        log.writelines([*map(app_line, range(100, 150)), app_line(150)[:20]])
    with (folder / "app/traced.log").open("a") as log:
        log.write("KeyError: 'ticket'\n" + "".join(map(trace, range(110, 120))))
    (folder / "exports/a.csv").write_text(
        export_text((1, "Success", "200"), (2, "Success", "200"), (3, "Failed", "500"))
    )
    (folder / "exports/b.csv").write_text(export_text((4, "Failed", "500"), (5, "Failed", "500")))
    (folder / "exports/c.csv").write_text(export_text((4, "Failed", "500")))
    (folder / "exports/naive.csv").write_text(
        export_text((6, "Success", "200")).replace(":00Z,", ":00,")
    )
    text = (folder / "edge/access.log").read_bytes()
    (folder / "copies/same.log").write_bytes(text)
    (folder / "copies/longer.log").write_bytes(text + access_line(400).encode())
    (folder / "copies/packed.log.gz").write_bytes(gzip.compress(text))
    (folder / "copies/tail.log").write_bytes(b"".join(text.splitlines(keepends=True)[50:]))
    (folder / "copies/trimmed.log").write_text("".join(access_line(n) for n in range(350, 450)))
    (folder / "edge/damaged.log.gz").write_bytes(
        gzip.compress("".join(access_line(n) for n in range(900, 1900)).encode())[:-900]
    )
    (folder / "edge/other.log").write_text("".join(access_line(n) for n in range(2000, 2100)))
    (folder / "edge/empty.log").write_text("")
    (folder / "edge/noise.log").write_bytes(os.urandom(3000))
    (folder / "edge/prose.log").write_text("nothing of this\nis a log\n" * 50)
    (folder / "edge/case.toml").symlink_to(folder / "nowhere")


def load_again(home: Path, jobs: int) -> list[Any]:
    """Load what came later into a copy of the workspace that knows what was there before."""
    shutil.copy("first.duckdb", f"{jobs}.duckdb")
    with ha.connect(f"{jobs}.duckdb", settings=ha.Settings()) as ws:
        found: list[Any] = [str(ws.load("logs", jobs=jobs)), tables(ws)]
        paths = ("logs/edge/access.log", "logs/exports")
        again = ws.load(*paths, again=True, jobs=jobs, timezone="UTC")
        found += [str(again), tables(ws)]
    assert not [*home.glob(".hka-work-*")]
    return found


def test_the_rows_are_those_of_a_load_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    take = workers.Workers.take

    def spy(self: workers.Workers, number: int) -> Any:
        taken.append(take(self, number))
        return taken[-1]

    monkeypatch.setattr(workers.Workers, "take", spy)
    monkeypatch.chdir(tmp_path)
    write_first(tmp_path / "logs")
    with ha.connect("first.duckdb", settings=ha.Settings()) as ws:
        ws.load("logs", jobs=1)
    write_second(tmp_path / "logs")
    one = load_again(tmp_path, 1)
    assert not any(taken)
    many = load_again(tmp_path, 2)
    assert many == one
    apart = [part.report.status for part in taken if isinstance(part, Part)]
    assert {"loaded", "grown", "unchanged", "refused"} == {*apart}
    said = one[0]
    for words in ("damaged", "stand in", "time zone", "already loaded from", "unfinished"):
        assert words in said


@pytest.mark.long
def test_the_samples_are_the_same(tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        with ha.connect(tmp_path / f"{jobs}.duckdb", settings=ha.Settings()) as ws:
            with find_samples() as samples:
                ws.load(samples / "sender", samples / "receiver", jobs=jobs)
            found.append(tables(ws))
    assert found[0] == found[1]
    assert found[0]["receipt_records"]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tables]:
    """The logs of five hosts, and what a clean run makes of them."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "logs").mkdir()
    for n in range(5):
        text = "".join(access_line(s) for s in range(n * 500, n * 500 + 500))
        (folder / f"logs/host{n}.log").write_text(text)
    with ha.connect(folder / "clean.duckdb", settings=ha.Settings()) as ws:
        ws.load(folder / "logs", jobs=1)
        return folder / "logs", tables(ws)


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_end(pids: list[int]) -> None:
    """Wait until none of the processes runs; a zombie runs no more."""
    deadline = time.monotonic() + 30
    while pids and time.monotonic() < deadline:
        time.sleep(0.05)
        states = {pid: Path(f"/proc/{pid}/stat") for pid in pids}
        pids = [n for n, s in states.items() if s.exists() and ") Z " not in s.read_text()]
    assert pids == []


def receipts(found: Tables) -> list[tuple[Any, ...]]:
    """Without the numbers that files and generations got."""
    return sorted(row[2:] for row in found["receipt_records"])


@pytest.mark.parametrize("victim", [2, *(pytest.param(n, marks=pytest.mark.long) for n in (0, 4))])
def test_the_file_of_a_process_that_is_killed_is_refused_and_the_rest_is_loaded(
    tmp_path: Path, hosts: tuple[Path, Tables], monkeypatch: pytest.MonkeyPatch, victim: int
) -> None:
    logs, clean = hosts
    started = list[int]()
    listen = workers.Workers._listen

    def kill(self: workers.Workers) -> None:
        started.extend(worker.process.pid for worker in self.running)
        for worker in self.running:
            if worker.at == victim:
                worker.process.kill()
        listen(self)

    monkeypatch.setattr(workers.Workers, "_listen", kill)
    with ha.connect(tmp_path / "case.duckdb", settings=ha.Settings()) as ws:
        (refused,) = ws.load(logs, jobs=2).refused
        assert refused.path.endswith(f"host{victim}.log")
        assert "signal 9" in refused.reason
        assert refused.lacking == (f"logs/host{victim}.log", None)
        assert refused.error
        assert refused.error.exit_code == 70
        ws.load(logs, jobs=1)
        assert receipts(tables(ws)) == receipts(clean)
    wait_for_end(started)


def test_a_process_that_cannot_start_leaves_all_to_this_one(
    tmp_path: Path, hosts: tuple[Path, Tables], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with ha.connect(tmp_path / "case.duckdb", settings=ha.Settings()) as ws:
        ws.load(hosts[0], jobs=2)
        assert tables(ws) == hosts[1]


@pytest.mark.parametrize(
    "how",
    [signal.SIGKILL, signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)],
)
def test_a_load_that_is_ended_anywhere_leaves_no_process_and_can_be_run_again(
    tmp_path: Path, hosts: tuple[Path, Tables], how: signal.Signals
) -> None:
    logs, clean = hosts
    file = tmp_path / "killed.duckdb"
    code = (
        "import hookanalysis as ha\nfrom hookanalysis.load import workers\n"
        "workers.WORTH_BYTES = 1\n"
        f"with ha.connect({str(file)!r}) as ws:\n"
        f"    ws.load({str(logs)!r}, jobs=2, progress=lambda *_: print('chunk', flush=True))\n"
    )
    program = [sys.executable, "-c", code]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        for _ in range(random.Random(how).randint(1, 4)):
            run.stdout.readline()
        started = children(run.pid)
        assert started
        run.send_signal(how)
    wait_for_end(started)
    for folder in tmp_path.glob(".hka-work-*"):
        os.utime(folder, (time.time() - 100,) * 2)
    with ha.connect(file, settings=ha.Settings()) as ws:
        counts = ws.rows("SELECT count(*) FROM receipt_records GROUP BY file_id")
        assert all(count == (500,) for count in counts)
        ws.load(logs, jobs=1)
        assert receipts(tables(ws)) == receipts(clean)
        assert ws.rows("SELECT count(*) FROM generations") == [(5,)]
    assert not [*tmp_path.glob(".hka-work-*")]


def test_little_starts_no_process(
    tmp_path: Path, hosts: tuple[Path, Tables], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WORTH_BYTES", 16 << 20)

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(workers, "Worker", fail)
    with ha.connect(tmp_path / "case.duckdb", settings=ha.Settings()) as ws:
        assert not ws.load(hosts[0], jobs=8).refused


@pytest.mark.parametrize("text", some([access_line, app_line, trace], trace))
def test_pieces_of_one_file_that_are_parsed_at_a_time_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: Callable[[int], str]
) -> None:
    monkeypatch.setattr(offers, "Source", partial(Source, chunk_bytes=20_000))
    path = tmp_path / "one.log"
    path.write_text(
        "".join(map(text, range(300))) + "no line\n" + "".join(map(text, range(300, 900)))
    )
    found = []
    for jobs in (1, 3):
        with ha.connect(":memory:") as ws:
            monkeypatch.setattr(files, "count_cores", lambda _, asked: asked)
            ws.load(path, jobs=jobs)
            found.append(tables(ws))
    assert len(found[0]["receipt_records"]) == 900
    assert found[0] == found[1]
