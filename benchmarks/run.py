"""What the main path costs, as ratios to floors measured in the same run.

    make bench                      small data, a minute
    make bench SIZE=full            5 M access-log lines, 1 M JSON lines, 1 M sender rows, 90 days

Each figure is a whole process (interpreter start, imports, hashes, checks, manifest, storing),
the median of some interleaved rounds, from `wait4`: CPU seconds, wall seconds, peak memory. CPU
ratios hold on a busy machine, wall ratios only on a quiet one. What was loaded is held against the
truth of the data first: a fast wrong answer has no figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent

RAW = """
import duckdb, sys
duckdb.sql('''SELECT count(*), sum(strlen(line)) FROM read_csv(?, columns = {'line': 'VARCHAR'},
  header = false, auto_detect = false, delim = e'\\\\x01', quote = '', escape = '',
  max_line_size = 10000000, null_padding = false, strict_mode = false)''',
  params=[sys.argv[1]]).fetchall()
"""
LOAD = """
import hookanalysis as ha, sys
with ha.connect(sys.argv[1]) as ws:
    ws.load(*sys.argv[2:])
"""
EMPTY = """
import nbformat, papermill
cell = nbformat.v4.new_code_cell("1", metadata={"tags": ["parameters"]})
book = nbformat.v4.new_notebook(cells=[cell])
papermill.execute_notebook(book, None, kernel_name="python3", progress_bar=False)
"""
REPORT = """
from hookanalysis.reporting.reports import run_report
import sys
run_report("daily_reconciliation", sys.argv[1], {}, sys.argv[2])
"""
SAMPLES = """
import hookanalysis as ha, sys
from hookanalysis import sections
with ha.connect(sys.argv[1]) as ws:
    sections.load_samples(ws)
"""
RECONCILE = """
import hookanalysis as ha, sys
with ha.connect(sys.argv[1]) as ws:
    ws.reconcile()
"""
AGGREGATES = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
for table, at in (("attempt_records", "attempted_at"), ("receipt_records", "logged_at")):
    con.sql(f'''SELECT count(*), sum(n), min(a), max(b) FROM (SELECT event_uuid, count(*) AS n,
      min({at}) AS a, max({at}) AS b FROM {table} GROUP BY event_uuid)''').fetchall()
"""
ASK = """
import duckdb, json, sys
print(json.dumps(duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).fetchall()))
"""


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    cpu: float
    wall: float
    mib: float


@dataclass
class Case:
    """One figure: our program, and the floor that it is held against."""

    name: str
    aim: float
    ours: Callable[[], list[str]]
    floor: Callable[[], list[str]]
    check: Callable[[], None]
    costs: dict[str, list[Cost]] = field(default_factory=lambda: {"ours": [], "floor": []})

    def median(self, side: str, what: str) -> float:
        """The median of one figure over the rounds."""
        return float(statistics.median(getattr(cost, what) for cost in self.costs[side]))

    def ratio(self, what: str) -> float:
        """Ours ÷ floor."""
        return self.median("ours", what) / self.median("floor", what)


def run(command: list[str]) -> Cost:
    """Run a child to its end and return what it cost.

    Raises:
        RuntimeError: It failed.
    """
    began = time.monotonic()
    child = subprocess.Popen([sys.executable, "-c", *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"a measured program ended with exit code {child.returncode}")
    kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(usage.ru_utime + usage.ru_stime, wall, kib / 1024)


def ask(workspace: Path, query: str) -> list[list[Any]]:
    """Rows of a workspace."""
    # In a child as well: what this process ever held counts as memory of every later child.
    command = [sys.executable, "-c", ASK, str(workspace), query]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows


def expect(what: str, found: object, wanted: object) -> None:
    """Stop when the work that was measured was not done right."""
    if found != wanted:
        raise SystemExit(f"{what}: {found}, and the truth is {wanted}")


class Bench:
    """The cases over one folder of data; `scratch` holds the workspaces."""

    def __init__(self, data: Path, scratch: Path) -> None:
        self.data = data
        self.scratch = scratch
        self.days = len(list((data / "days").iterdir())) - 1
        self.truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
        self.db = scratch / "measured.duckdb"

    def fresh(self, base: Path | None = None) -> str:
        """Return a workspace to measure on: none yet, or a copy of `base`."""
        self.db.unlink(missing_ok=True)
        if base:
            shutil.copyfile(base, self.db)
        return str(self.db)

    def loading(self, name: str, aim: float, path: Path, truth: dict[str, int]) -> Case:
        """One file into an empty workspace ÷ DuckDB's raw read of it."""

        def check() -> None:
            columns = ", ".join(truth)
            query = f"SELECT {columns} FROM files"
            expect(name, ask(self.db, query), [[*truth.values()]])

        return Case(
            name,
            aim,
            lambda: [LOAD, self.fresh(), str(path)],
            lambda: [RAW, str(path)],
            check,
        )

    def reconciling(self, aim: float) -> Case:
        """Both sides of the events ÷ one aggregate of each side's uuid column."""
        base = self.scratch / "loaded.duckdb"
        run([LOAD, str(base), str(self.data / "exports"), str(self.data / "logs")])

        def check() -> None:
            found = ask(self.db, "SELECT outcome, count(*) FROM deliveries GROUP BY outcome")
            expect("reconcile", dict(map(tuple, found)), self.truth["outcomes"])

        return Case(
            f"reconcile {sum(self.truth['outcomes'].values()):,} events",
            aim,
            lambda: [RECONCILE, self.fresh(base)],
            lambda: [AGGREGATES, str(base)],
            check,
        )

    def one_more_day(self, aim: float) -> Case:
        """The next day's files into a workspace of many days ÷ the same into an empty one."""
        folders = sorted((self.data / "days").iterdir())
        base = self.scratch / "days.duckdb"
        run([LOAD, str(base), *map(str, folders[: self.days])])
        last = str(folders[self.days])

        def check() -> None:
            query = "SELECT count(*), count(DISTINCT status) FROM files"
            expect("one more day", ask(self.db, query), [[2 * self.days + 2, 1]])

        return Case(
            f"load one more day after {self.days}",
            aim,
            lambda: [LOAD, self.fresh(base), last],
            lambda: [LOAD, self._empty(), last],
            check,
        )

    def reporting(self, aim: float) -> Case:
        """The daily report of the samples, kernel and page and all ÷ an empty papermill run."""
        base, page = self.scratch / "samples.duckdb", self.scratch / "daily.html"
        run([SAMPLES, str(base)])

        def check() -> None:
            expect("daily report", b"webhooks arrived" in page.read_bytes(), wanted=True)

        return Case(
            "daily report of the samples",
            aim,
            lambda: [REPORT, str(base), str(page)],
            lambda: [EMPTY],
            check,
        )

    def _empty(self) -> str:
        path = self.scratch / "empty.duckdb"
        path.unlink(missing_ok=True)
        return str(path)

    def cases(self) -> dict[str, Callable[[], Case]]:
        """All of them, made when asked for, with the aims of the issue that asked for them."""
        truth = self.truth
        access = {
            "records": truth["access_lines"],
            "kept": truth["access_kept"],
            "rejected": truth["access_rejected"],
        }
        lines, rows = truth["app_lines"], truth["sender_rows"]
        app = {"records": lines, "kept": truth["app_kept"], "rejected": 0}
        sender = {"records": rows, "kept": rows, "rejected": 0}
        access_title = f"load {truth['access_lines']:,} access-log lines"
        return {
            "access": lambda: self.loading(access_title, 7, self.data / "access.log", access),
            "gzip": lambda: self.loading(
                f"{access_title}, gzip", 7, self.data / "access.log.gz", access
            ),
            "json": lambda: self.loading(
                f"load {lines:,} JSON lines", 10, self.data / "logs/app.jsonl", app
            ),
            "sender": lambda: self.loading(
                f"load {rows:,} sender rows", 10, self.data / "exports/sender.csv", sender
            ),
            "reconcile": lambda: self.reconciling(10),
            "day": lambda: self.one_more_day(1.5),
            "report": lambda: self.reporting(3),
        }


def measure(case: Case, rounds: int) -> None:
    """Ours and the floor in turn; the first of ours is checked against the truth."""
    for number in range(rounds):
        case.costs["floor"].append(run(case.floor()))
        case.costs["ours"].append(run(case.ours()))
        if number == 0:
            case.check()


def show(case: Case) -> None:
    """Print a case's line."""
    parts = [f"{case.name:42}"]
    parts += [f"{case.median(side, 'cpu'):7.2f}" for side in ("ours", "floor")]
    parts += [f"{case.ratio('cpu'):6.2f}", f"{case.aim:5}"]
    parts += [f"{case.median(side, 'wall'):7.2f}" for side in ("ours", "floor")]
    parts += [f"{case.ratio('wall'):6.2f}", f"{case.median('ours', 'mib'):8.0f}"]
    print(*parts, flush=True)


def main() -> None:
    """Make the data, measure every case, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("small", "full"), default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", metavar="CASE", help="access, gzip, json, …")
    arguments = parser.parse_args()
    folder = HERE / "data" / arguments.size
    command = [sys.executable, str(HERE / "data.py"), arguments.size, str(folder)]
    subprocess.run(command, check=True)
    versions = f"Python {platform.python_version()}, DuckDB {version('duckdb')}"
    print(f"{versions}, {os.cpu_count()} cores")
    print(f"size {arguments.size}, median of {arguments.rounds} rounds\n")
    titles = ("cpu s", "floor", "ratio", "aim", "wall s", "floor", "ratio", "peak MiB")
    print(f"{'':42} {titles[0]:>7} {titles[1]:>7} {titles[2]:>6} {titles[3]:>5}", end=" ")
    print(f"{titles[4]:>7} {titles[5]:>7} {titles[6]:>6} {titles[7]:>8}", flush=True)
    with TemporaryDirectory(dir=folder) as scratch:
        bench = Bench(folder, Path(scratch))
        for name, prepare in bench.cases().items():
            if not arguments.only or name in arguments.only:
                case = prepare()
                measure(case, arguments.rounds)
                show(case)


if __name__ == "__main__":
    main()
