"""What the main path costs, against floors measured in the same run, and against its goals.

    make bench                      small data, some minutes
    make bench SIZE=full            5 M access-log lines, 1 M JSON lines, 1 M sender rows, 90 days,
                                    and a quarter of it for the growth; writes docs/performance.md

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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
ROTATED, EVENTS_A_FILE = 35, 1_400

RAW = """
import duckdb, sys
duckdb.sql('''SELECT count(*), sum(strlen(line)) FROM read_csv(?, columns = {'line': 'VARCHAR'},
  header = false, auto_detect = false, delim = e'\\\\x01', quote = '', escape = '',
  max_line_size = 10000000, null_padding = false, strict_mode = false)''',
  params=[sys.argv[1]]).fetchall()
"""
ZCAT = """
import subprocess, sys
subprocess.run(f"zcat {sys.argv[1]} | wc -l >/dev/null", shell=True, check=True)
"""
LOAD = """
import hookanalysis as ha, sys
with ha.connect(sys.argv[1]) as ws:
    ws.load(*sys.argv[3:], jobs=int(sys.argv[2]))
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
DAILY = """
from hookanalysis.cli import main
import sys
sys.argv[1:] = ["daily", "-q", "-w", sys.argv[1], "-o", sys.argv[2]]
try:
    main()
except SystemExit as ended:
    if ended.code not in (0, 1):  # 1: the samples have findings
        raise
"""
SAMPLES = """
import hookanalysis as ha, sys
with ha.connect(sys.argv[1]) as ws:
    ws.load_samples()
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
    """One figure: our program, and the floor or the number that it is held against.

    Args:
        name: What is measured.
        goal: The most that it may be: times the floor's, or CPU seconds where there is no floor.
        ours: Makes the program's arguments, and what it starts from.
        check: Stops the run where the work was not done right.
        floor: The same of the floor.
        what: `cpu` or `wall`.
    """

    name: str
    goal: float
    ours: Callable[[], list[str]]
    check: Callable[[], None]
    floor: Callable[[], list[str]] | None = None
    what: str = "cpu"
    costs: dict[str, list[Cost]] = field(default_factory=lambda: {"ours": [], "floor": []})

    def median(self, side: str, what: str) -> float:
        """The median of one figure over the rounds."""
        return float(statistics.median(getattr(cost, what) for cost in self.costs[side]))

    @property
    def figure(self) -> float:
        """What the goal is about."""
        ours = self.median("ours", self.what)
        return ours / self.median("floor", self.what) if self.floor else ours

    def row(self) -> list[str]:
        """Its line of the table."""
        floor = f"{self.median('floor', self.what):.2f}" if self.floor else "-"
        unit = " x" if self.floor else " s"
        return [
            self.name,
            f"{self.median('ours', 'cpu'):.2f}",
            f"{self.median('ours', 'wall'):.2f}",
            f"{self.median('ours', 'mib'):.0f}",
            floor,
            f"{self.figure:.2f}{unit}",
            f"{self.goal:.3g}{unit}",
            "yes" if self.figure <= self.goal else "**no**",
        ]


HEAD = ["", "CPU s", "wall s", "peak MiB", "floor s", "figure", "goal", "met"]


def run(command: list[str]) -> Cost:
    """Run a child to its end and return what it, and what it started, cost.

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

    def fresh(self, base: Path | None = None, name: str = "") -> str:
        """Return a workspace to measure on: none yet, or a copy of `base`."""
        place = self.db.with_stem(name) if name else self.db
        place.unlink(missing_ok=True)
        if base:
            shutil.copyfile(base, place)
        return str(place)

    def loading(self, name: str, goal: float, path: Path, truth: str, floor: str = RAW) -> Case:
        """One file into an empty workspace ÷ a raw read of it."""
        wanted = [self.truth[f"{truth}_{what}"] for what in ("lines", "kept", "rejected")]

        def check() -> None:
            expect(name, ask(self.db, "SELECT records, kept, rejected FROM files"), [wanted])

        title = f"load {wanted[0]:,} {name}"
        ours = lambda: [LOAD, self.fresh(), "1", str(path)]  # noqa: E731
        return Case(title, goal, ours, check, lambda: [floor, str(path)])

    def rotated(self) -> Case:
        """Many small files of one log."""
        folder = self.scratch / "rotated"
        folder.mkdir(exist_ok=True)
        with (self.data / "logs/app.jsonl").open("rb") as log:
            for number in range(ROTATED, 0, -1):
                lines = [next(log, b"") for _ in range(EVENTS_A_FILE)]
                (folder / f"app.jsonl.{number}").write_bytes(b"".join(lines))

        def check() -> None:
            query = "SELECT count(*), sum(records) FROM files WHERE status = 'loaded'"
            expect("rotated files", ask(self.db, query), [[ROTATED, ROTATED * EVENTS_A_FILE]])

        title = f"load {ROTATED} files of {EVENTS_A_FILE:,} lines"
        return Case(title, 2, lambda: [LOAD, self.fresh(), "1", str(folder)], check)

    def jobs(self, hosts: int, goal: float) -> Case:
        """The access log, as files of so many hosts, by all cores ÷ by one, by the clock."""
        folder = self.scratch / f"hosts{hosts}"
        folder.mkdir(exist_ok=True)
        part = self.truth["access_lines"] // hosts
        with (self.data / "access.log").open("rb") as log:
            for number in range(hosts):
                with (folder / f"host{number}.access.log").open("wb") as host:
                    host.writelines(islice(log, part))
        cores = str(os.cpu_count() or 1)

        def check() -> None:
            query = "SELECT count(*), sum(records) FROM files"
            expect(f"{hosts} hosts", ask(self.db, query), [[hosts, hosts * part]])

        files = f"{hosts} files" if hosts > 1 else "one file"
        title = f"load {files} by {cores} cores ÷ by one"
        ours = lambda: [LOAD, self.fresh(), cores, str(folder)]  # noqa: E731
        alone = lambda: [LOAD, self.fresh(name="alone"), "1", str(folder)]  # noqa: E731
        return Case(title, goal, ours, check, alone, "wall")

    def reconciling(self, name: str, goal: float, logs: str, truth: object, query: str) -> Case:
        """Both sides of the events."""
        base = self.scratch / f"{logs}.duckdb"
        run([LOAD, str(base), "1", str(self.data / "exports"), str(self.data / logs)])
        events = sum(self.truth["outcomes"].values())

        def check() -> None:
            expect(name, ask(self.db, query), truth)

        title = f"reconcile {events:,} {name}"
        return Case(title, goal, lambda: [RECONCILE, self.fresh(base)], check)

    def one_more_day(self) -> Case:
        """The next day's files into a workspace of many days ÷ the same into an empty one."""
        folders = sorted((self.data / "days").iterdir())
        base = self.scratch / "days.duckdb"
        run([LOAD, str(base), "1", *map(str, folders[: self.days])])
        last = str(folders[self.days])

        def check() -> None:
            query = "SELECT count(*), count(DISTINCT status) FROM files"
            expect("one more day", ask(self.db, query), [[2 * self.days + 2, 1]])

        ours = lambda: [LOAD, self.fresh(base), "1", last]  # noqa: E731
        empty = lambda: [LOAD, self.fresh(name="empty"), "1", last]  # noqa: E731
        return Case(f"load one more day after {self.days}", 1.3, ours, check, empty)

    def reporting(self, name: str, goal: float, program: str, base: Path) -> Case:
        """A report, kernel and page and all ÷ an empty papermill run."""
        place = self.scratch / f"pages-{base.stem}"
        made = place if program is DAILY else place.with_suffix(".html")

        def check() -> None:
            pages = [*made.rglob("*.html")] if made.is_dir() else [made]
            expect(name, any(b"hookanalysis" in page.read_bytes() for page in pages), wanted=True)

        return Case(
            name, goal, lambda: [program, self.fresh(base), str(made)], check, lambda: [EMPTY]
        )

    def cases(self) -> dict[str, Callable[[], Case]]:
        """All of them, made when asked for, with the goals of the issues that asked for them."""
        data = self.data
        outcomes = [[name, n] for name, n in sorted(self.truth["outcomes"].items())]
        events = [[sum(self.truth["outcomes"].values())]]
        counted = "SELECT outcome, count(*) FROM deliveries GROUP BY outcome ORDER BY outcome"
        return {
            "access": lambda: self.loading("access-log lines", 7, data / "access.log", "access"),
            "gzip": lambda: self.loading(
                "access-log lines, gzip", 3, data / "access.log.gz", "access", ZCAT
            ),
            "json": lambda: self.loading("JSON lines", 15, data / "logs/app.jsonl", "app"),
            "sender": lambda: self.loading(
                "sender's rows", 12, data / "exports/sender.csv", "sender"
            ),
            "rotated": self.rotated,
            "jobs": lambda: self.jobs(8, 1 / 1.7),
            "threads": lambda: self.jobs(1, 1 / 1.4),
            "reconcile": lambda: self.reconciling("events", 6, "logs", outcomes, counted),
            "nameless": lambda: self.reconciling(
                "events, no uuid logged", 12, "nameless", events, "SELECT count(*) FROM deliveries"
            ),
            "day": self.one_more_day,
            "report": lambda: self.reporting(
                "daily report of the samples", 2.8, REPORT, self._samples()
            ),
            "daily": lambda: self.reporting(
                "`daily` with nothing new, samples", 3.5, DAILY, self._samples()
            ),
        }

    def _samples(self) -> Path:
        base = self.scratch / "samples.duckdb"
        if not base.exists():
            run([SAMPLES, str(base)])
        return base


def measure(case: Case, rounds: int) -> None:
    """Ours and the floor in turn; the first of ours is checked against the truth."""
    for number in range(rounds):
        if case.floor:
            case.costs["floor"].append(run(case.floor()))
        case.costs["ours"].append(run(case.ours()))
        if number == 0:
            case.check()


def play(size: str, rounds: int, only: list[str]) -> dict[str, Case]:
    """Measure the cases over the data of one size, and print each as it is done."""
    folder = HERE / "data" / size
    subprocess.run([sys.executable, str(HERE / "data.py"), size, str(folder)], check=True)
    done = {}
    with TemporaryDirectory(dir=folder) as scratch:
        bench = Bench(folder, Path(scratch))
        for name, prepare in bench.cases().items():
            if not only or name in only:
                done[name] = case = prepare()
                measure(case, rounds)
                print(" | ".join(case.row()), flush=True)
    return done


GROWTH = ("access", "gzip", "json", "sender", "reconcile", "nameless")


def main() -> None:
    """Make the data, measure every case, print the table, and write the page of a full run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=("small", "full"), default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", metavar="CASE", default=[], help="access, gzip, …")
    options = parser.parse_args()
    print(" | ".join(HEAD))
    done = play(options.size, options.rounds, options.only)
    lines = [HEAD, ["---"] * len(HEAD), *(case.row() for case in done.values())]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if options.size == "full":
        chosen = [name for name in GROWTH if name in done]
        quarter = play("quarter", options.rounds, chosen) if chosen else {}
        text += "\nCPU of four times as much ÷ CPU of a quarter (goal: at most 5): "
        text += ", ".join(
            f"{name} {done[name].median('ours', 'cpu') / quarter[name].median('ours', 'cpu'):.1f}"
            for name in chosen
        )
        text += ".\n"
    missed = [case.name for case in done.values() if case.figure > case.goal]
    text += f"\nFalls short: {'; '.join(missed) or 'nothing'}.\n"
    print(f"\n{text}")
    if options.size == "full" and not options.only:
        where = f"Python {platform.python_version()}, DuckDB {version('duckdb')}"
        PAGE.write_text(
            "# What it costs\n\n"
            f"Measured on {datetime.now(UTC).date()} by `make bench SIZE=full`, with {where}, on"
            f" {os.cpu_count()} cores: medians of {options.rounds} round(s), each a whole process."
            " A floor is what a raw read of the same file costs, or an empty papermill run.\n\n"
            f"{text}",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
