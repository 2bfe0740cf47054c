"""Thirty days of a scheduler, against the real command line; then one load of everything.

Some days are reported, which takes most of the time; each day is loaded, but for a forgotten one.

`python tests/month.py` prints the table: what went wrong on which day, exit codes, seconds. Logs
grow and rotate; some come late, or never; runs collide, are killed, find no room, are forgotten.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import hookanalysis as ha

FIRST = date(2026, 10, 28)
DAYS = 30
URL = "https://shop.example/hooks"
HEADER = "webhook_event_uuid,timestamp,endpoint_url,http_status_code\n"
LATE, ARRIVES, ABSENT, TWICE, KILLED, FULL, FORGOTTEN = 9, 12, 15, 17, 19, 21, 24
REPORTED = {LATE, ARRIVES, TWICE, KILLED, FORGOTTEN + 1, DAYS}
WHAT = {
    LATE: "no log comes",
    ARRIVES: f"the logs of day {LATE} come",
    ABSENT: "the edge log is lost",
    TWICE: "two runs at once",
    KILLED: "killed while loading",
    FULL: "a full disk",
    FORGOTTEN: "forgotten",
}
# Columns that tell of files and their order, which is another in one load.
PLACES = re.compile(r"(^|_)(file_id|generation_id|receipt_id|line|file|delivery_no|incident_id)$")
COMPARED = (
    *("attempts", "receipts", "coverage", "clock_offsets"),
    *("deliveries", "incidents", "findings", "resends"),
)
_FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
_MAIN = "from hookanalysis.cli import main; main()"


@dataclass
class Day:
    """What a scheduler sees of a day: exit codes by command, and what was said of earlier days."""

    number: int
    what: str
    codes: list[int] = field(default_factory=list)
    seconds: float = 0
    changed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        codes = " ".join(map(str, self.codes))
        told = "; ".join(self.changed)
        return f"{self.number:>3}  {self.what:<26} {codes:<10} {self.seconds:>5.1f}  {told}"


class Month:
    """Both sides' folders, and the commands that a scheduler runs there."""

    def __init__(self, home: Path) -> None:
        self.home, self.attempts = home, list[tuple[datetime, str]]()
        self.held: list[tuple[Path, bytes]] = []
        for name in ("exports", "edge", "app"):
            (home / name).mkdir(parents=True)

    def run(self, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", before + _MAIN, *words]
        return subprocess.run(program, cwd=self.home, capture_output=True, text=True, check=False)

    def live(self, number: int) -> Day:
        """One day: logs are written, maybe loaded at noon, written on; at night all is loaded."""
        told = Day(number, WHAT.get(number, ""))
        started = time.monotonic()
        self.rotate()
        self.write(number, range(12))
        if number % 7 == 4:
            told.codes.append(self.run("load", *self.sources).returncode)
        self.write(number, range(12, 24))
        self.export(number)
        if number == LATE:
            self.hide()
        if number == ARRIVES:
            self.show()
        if number == ABSENT:
            (self.home / "edge" / "access.log").write_bytes(b"")
        if number != FORGOTTEN:
            self.report(number, told)
        told.seconds = time.monotonic() - started
        return told

    @property
    def sources(self) -> tuple[str, ...]:
        return ("exports", "edge", "app", "--timezone", "UTC", "-q")

    def report(self, number: int, told: Day) -> None:
        load = [sys.executable, "-m", "hookanalysis", "load", *self.sources]
        if number in {TWICE, KILLED}:
            with subprocess.Popen(load, cwd=self.home, stderr=subprocess.DEVNULL) as other:
                if number == KILLED:
                    journal = self.home / "hookanalysis.duckdb.wal"
                    while not journal.exists() and other.poll() is None:
                        time.sleep(0.005)
                    other.send_signal(signal.SIGKILL)
                else:
                    told.codes.append(self.run("load", *self.sources, "--wait", "300").returncode)
            told.codes.append(other.returncode)
        if number == FULL:
            told.codes.append(self.run("load", *self.sources, before=_FULL).returncode)
        told.codes.append(self.run("load", *self.sources).returncode)
        if number in REPORTED:
            day = FIRST + timedelta(days=number - 1)
            done = self.run("daily", "--day", f"{day}")
            told.changed += re.findall(r"^changed +(.*)", done.stdout, re.MULTILINE)
            told.codes.append(done.returncode)

    def write(self, number: int, hours: range) -> None:
        """Lines of the edge and of the application: somebody else's, and twelve webhooks a day."""
        edge, app = list[tuple[datetime, str]](), list[tuple[datetime, str]]()
        for hour in hours:
            for minute in range(0, 60, 10):
                at = self.at(number, hour, minute)
                line = f'[{at:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 5'
                edge.append((at, f"192.0.2.7 - - {line}"))
                app.append((at, f'{{"time":"{at:%Y-%m-%dT%H:%M:%SZ}","msg":"tick"}}'))
            if hour % 2:
                uuid = f"06d5dc13-0000-4000-8000-{number:04}{hour:08}"
                self.send((edge, app), uuid, number, hour)
        for name, lines in (("edge/access.log", edge), ("app/app.log", app)):
            with (self.home / name).open("a") as log:
                log.write("".join(f"{line}\n" for _, line in sorted(lines)))

    def send(
        self, logs: tuple[list[tuple[datetime, str]], ...], uuid: str, number: int, hour: int
    ) -> None:
        """One is refused on each third day, and resent an hour later; one is lost on each fifth."""
        (edge, app), at = logs, self.at(number, hour, 5)
        refused, lost = hour == 7 and number % 3 == 0, hour == 15 and number % 5 == 0
        tries = [(at, 500), (at + timedelta(minutes=31), 200)] if refused else [(at, 200)]
        for moment, status in tries:
            self.attempts.append((moment, f"{uuid},{moment:%Y-%m-%d %H:%M:%S},{URL},{status}\n"))
            if lost:
                continue
            line = f'[{moment:%d/%b/%Y:%H:%M:%S} +0000] "POST /hooks HTTP/1.1" {status} 2'
            edge.append((moment, f"34.83.8.110 - - {line}"))
            word = "processed" if status == 200 else "failed"
            line = f'{{"time":"{moment:%Y-%m-%dT%H:%M:%SZ}","msg":"webhook {word}",'
            app.append((moment, f'{line}"webhook_event_uuid":"{uuid}","status":{status}}}'))

    def export(self, number: int) -> None:
        """The sender's list of the last two days, as it is known at midnight; the latest first."""
        since = self.at(number - 1, 0, 0)
        rows = "".join(row for at, row in reversed(self.attempts) if at >= since)
        day = FIRST + timedelta(days=number - 1)
        (self.home / "exports" / f"{day}.csv").write_text(HEADER + rows)

    def rotate(self) -> None:
        """Every log one number further; older ones are packed."""
        for log in (self.home / "edge" / "access.log", self.home / "app" / "app.log"):
            for number in range(DAYS, 0, -1):
                for end in ("", ".gz"):
                    old = log.with_name(f"{log.name}.{number}{end}")
                    if old.exists():
                        new = log.with_name(f"{log.name}.{number + 1}.gz")
                        data = old.read_bytes()
                        old.unlink()
                        new.write_bytes(data if end else gzip.compress(data, mtime=0))
            if log.exists():
                log.rename(log.with_name(f"{log.name}.1"))

    def hide(self) -> None:
        for log in (self.home / "edge" / "access.log", self.home / "app" / "app.log"):
            self.held.append((log, log.read_bytes()))
            log.unlink()

    def show(self) -> None:
        for log, data in self.held:
            late = log.with_name(f"{log.name}.{ARRIVES - LATE}.gz")
            late.write_bytes(gzip.compress(data, mtime=0))

    def at(self, number: int, hour: int, minute: int) -> datetime:
        start = datetime(FIRST.year, FIRST.month, FIRST.day)  # noqa: DTZ001 - UTC
        return start + timedelta(days=number - 1, hours=hour, minutes=minute)

    def differences(self) -> dict[str, int]:
        """Rows that one load of everything does not have, or has alone; by table."""
        with ha.connect(self.home / "once.duckdb", settings=ha.Settings()) as once:
            once.load(*(self.home / name for name in ("exports", "edge", "app")), timezone="UTC")
            once.reconcile()
            whole = {name: _rows(once, name) for name in COMPARED}
        with ha.connect(self.home / "hookanalysis.duckdb") as played:
            played.reconcile()
            parts = {name: _rows(played, name) for name in COMPARED}
        return {
            name: (whole[name] - parts[name] | parts[name] - whole[name]).total()
            for name in COMPARED
        }


def _rows(ws: ha.Workspace, table: str) -> Counter[str]:
    frame = ws.table(table)
    kept = [name for name in frame if not PLACES.search(str(name))]
    return Counter(map(str, frame[kept].itertuples(index=False, name=None)))


def play(home: Path) -> tuple[list[Day], Month]:
    """All days, one after the other."""
    month = Month(home)
    return [month.live(number) for number in range(1, DAYS + 1)], month


def main() -> None:
    """Play, and print."""
    home = Path(tempfile.mkdtemp()) / "month"
    try:
        print("day  what happens               exit codes  s      earlier days that changed")  # noqa: T201
        month = Month(home)
        for number in range(1, DAYS + 1):
            print(month.live(number), flush=True)  # noqa: T201
        print(month.differences())  # noqa: T201
    finally:
        shutil.rmtree(home.parent)


if __name__ == "__main__":
    os.umask(0o077)
    main()
