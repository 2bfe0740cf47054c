"""A disk that fails at any point: the old or the new state, the exit code, and a rerun that mends.

As SQLite does: for each n the n-th write, fsync, open, rename, mkdir or allocation fails, once or
from there on. `python -m faults` tries every n; the tests here some.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
from faults.runner import KINDS
from hookanalysis.status import find_damage
from hookanalysis.tables import TABLES

SOURCE = Path(__file__).parent / "faults" / "failing.c"
COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(
    not COMPILER or sys.platform != "linux", reason="no compiler for the calls that fail"
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "load": ("load", "logs"),
    "reconcile": ("reconcile", "--full", "--fail-on", "never"),
    "export": ("export", "deliveries", "-o", "out/deliveries.csv"),
    "report": ("report", "delivery_gap", "-o", "out/report.html"),
}
# What a command may end with when a call failed: it did not matter; a log could not be read; the
# disk. For want of memory also a fault, the report's, or the end of the process: not all libraries
# ask whether they got what they wanted.
CODES = {
    "allocate": {0, 2, 3, 70, 74, -6, -11},
    "open": {0, 2, 74},
    "mkdir": {0, 74},
    "rename": {0, 74},
    "write": {0, 74},
    "sync": {0, 74},
}
State = dict[str, Any]


@dataclass
class Disk:
    """A process that runs commands whose calls fail, and what each command should come to."""

    process: subprocess.Popen[str]
    home: Path
    # Command → the folder before, its state then and after, and how often it calls each kind.
    before: dict[str, Path] = field(default_factory=dict)
    old: dict[str, State] = field(default_factory=dict)
    after: dict[str, State] = field(default_factory=dict)
    calls: dict[str, dict[str, int]] = field(default_factory=dict)

    def run(self, folder: Path, command: str, kind: str = "write", n: int = 0) -> dict[str, Any]:
        full = n % 2 == 1 or kind == "allocate"
        code = {"allocate": errno.ENOMEM}.get(kind, errno.ENOSPC if full else errno.EIO)
        wish = {
            "folder": str(folder), "out": str(self.home / "out.txt"), "words": COMMANDS[command],
            "kind": kind, "n": n, "errno": code, "lasting": int(full and kind != "allocate"),
        }  # fmt: skip
        assert self.process.stdin
        assert self.process.stdout
        (self.home / "out.txt").write_text("")
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        done: dict[str, Any] = json.loads(self.process.stdout.readline())
        return done | {"said": (self.home / "out.txt").read_text()}

    def prepare(self, command: str) -> None:
        """Run the commands up to this one, as they should run."""
        if command in self.before:
            return
        names = [*COMMANDS]
        place = names.index(command)
        folder = self.home / f"before-{command}"
        if place == 0:
            folder.mkdir()
            write_logs(folder / "logs")
            (folder / "out").mkdir()
        else:
            # A report needs no export.
            earlier = names[min(place, 2) - 1]
            self.prepare(earlier)
            shutil.copytree(self.home / f"after-{earlier}", folder)
        clean = self.home / f"after-{command}"
        shutil.copytree(folder, clean)
        done = self.run(clean, command)
        assert done["code"] == 0, done
        self.before[command] = folder
        self.old[command] = state(folder)
        self.after[command] = state(clean)
        self.calls[command] = done["calls"]

    def fail(self, command: str, kind: str, n: int) -> list[str]:
        """What is wrong after the n-th call of a kind has failed, and after a rerun."""
        case = self.home / "case"
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(self.before[command], case)
        done = self.run(case, command, kind, n)
        old, new = self.old[command], self.after[command]
        wrong = []
        if done["code"] not in CODES[kind] or "Traceback" in done["said"]:
            wrong.append(f"exit code {done['code']}: {done['said'][-300:]}")
        try:
            seen = state(case)
        except (AssertionError, ha.HookAnalysisError) as error:
            return [*wrong, f"broken: {error}"]
        if done["code"] == 0 and seen != new:
            wrong.append("it says that all is well, and is not")
        wrong += [
            f"neither old nor new: {part}"
            for part, value in seen.items()
            if value not in (old.get(part), new.get(part))
        ]
        again = self.run(case, command)
        if again["code"] != 0:
            wrong.append(f"the rerun ends with {again['code']}: {again['said'][-300:]}")
        elif state(case) != new:
            wrong.append("the rerun is not the clean run")
        return wrong


def state(folder: Path) -> State:
    """What is there: each log's records, the verdicts, and the files that were made.

    A work folder that the disk would not remove is none: a later run clears it, once it is old.
    """
    found: State = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in (folder / "out").rglob("*")
        if path.is_file() and not path.parent.name.startswith(".hka-work-")
    }
    if not (folder / "case.duckdb").exists():
        return found
    with ha.connect(folder / "case.duckdb", settings=ha.Settings()) as ws:
        assert find_damage(ws) == []
        for table in ("attempt_records", "receipt_records"):
            rows = ws.rows(
                f"""
                SELECT f.path, list(h ORDER BY h) FROM (
                  SELECT file_id, hash(*COLUMNS(* EXCLUDE (file_id, generation_id))) AS h
                  FROM {table}
                ) JOIN files AS f USING (file_id) GROUP BY f.path
                """
            )
            found |= {f"{table} {path}": hashes for path, hashes in rows}
        if ws.has("deliveries"):
            names = ", ".join(TABLES["deliveries"].names)
            found["deliveries"] = ws.rows(f"SELECT {names} FROM deliveries ORDER BY ALL")
    return found


def write_logs(folder: Path) -> None:
    """A sender's export and two logs of the receiver's: 40 events, of which some never arrive."""
    folder.mkdir()
    rows = ["Timestamp,Event Type,Endpoint URL,Status,HTTP Status Code,webhook_event_uuid"]
    edge, app = [], []
    for n in range(40):
        uuid, at = f"06d5dc13-0000-4000-8000-{n:012}", f"10:{n:02}:0"
        status = 500 if n % 7 == 0 else 200
        word = "Failed" if status == 500 else "Success"
        rows.append(
            f"2026-11-20T{at}0Z,invoice.purchase,https://t.example/hooks,{word},{status},{uuid}"
        )
        edge.append(
            f'34.83.8.110 - - [20/Nov/2026:{at}1 +0000] "POST /hooks HTTP/1.1" {status} 9 "-" "s"'
        )
        app.append(f"2026-11-20T{at}1Z INFO webhook received webhook_event_uuid={uuid}")
    for name, lines in (("sent.csv", rows), ("access.log", edge), ("app.log", app)):
        (folder / name).write_text("\n".join(lines) + "\n")


def open_disk(home: Path) -> Disk:
    """Start the process, with the calls that fail in front of the libraries' own."""
    shim = home / "failing.so"
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-w", "-o", str(shim), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["HOOKANALYSIS_WORKSPACE"] = "case.duckdb"
    process = subprocess.Popen(
        [sys.executable, "-m", "faults.runner"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return Disk(process, home)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    made = open_disk(tmp_path_factory.mktemp("disk"))
    with made.process:
        yield made


def points(total: int, most: int) -> Sequence[int]:
    """So many numbers of 1 … total, evenly spread, the first and the last among them."""
    if total <= most:
        return range(1, total + 1)
    return sorted({1 + (total - 1) * n // max(most - 1, 1) for n in range(most)})


@pytest.mark.parametrize(
    ("command", "most", "kinds"),
    [
        # Each command, and each kind of call, in each run.
        ("load", 1, ("write", "open", "allocate")),
        ("reconcile", 1, ("sync",)),
        ("export", 1, ("rename", "mkdir")),
        *(
            pytest.param(name, number, KINDS, marks=pytest.mark.long)
            for name, number in (("load", 12), ("reconcile", 10), ("export", 12), ("report", 1))
        ),
    ],
)
def test_whatever_fails_the_old_or_the_new_state_is_there(
    disk: Disk, command: str, most: int, kinds: tuple[str, ...]
) -> None:
    disk.prepare(command)
    tried: Counter[str] = Counter()
    wrong = {}
    for kind in kinds:
        for n in points(disk.calls[command][kind], most):
            tried[kind] += 1
            if told := disk.fail(command, kind, n):
                wrong[kind, n] = told
    assert wrong == {}
    assert most > 1 or tried.keys() == set(kinds)
