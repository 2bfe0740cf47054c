"""What several rooms of tests share."""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import cases
import hookanalysis as ha
from hookanalysis.database import Database
from hookanalysis.reporting.reports import run_report
from lab.__main__ import RECEIVER, TOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.story import Story

    # The name of a folder and what fills it → the folder, filled once in a run.
    Once = Callable[[str, Callable[[Path], object]], Path]


# A commit passes or fails alike on every machine. `EXAMPLES=500 pytest
# --hypothesis-profile=default tests/test_invariants.py` looks for new examples, and for more.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

# Workers that run side by side have a core each: DuckDB's threads would only wait for one another.
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
if worker and cores:
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a kernel that reads the samples first, notebooks are long."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a run see."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if worker else own


@pytest.fixture(scope="session", autouse=True)
def servers(request: pytest.FixtureRequest, shared: Path) -> Iterator[None]:
    """The servers of the lab, which one worker starts at once: their tests come late, and wait."""
    asked = [
        item.callspec.params["server"].name if hasattr(item, "callspec") else RECEIVER
        for item in request.session.items
        if "stories" in getattr(item, "fixturenames", ())
    ]
    if not asked or worker not in {"", "gw0"}:
        yield
        return
    folder = shared / "lab"
    folder.mkdir()
    command = [sys.executable, "-m", "lab", folder, *sorted({*asked})]
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=known, start_new_session=True) as playing:
        if cores:
            os.sched_setaffinity(playing.pid, set(cores))
        yield
        # Another worker may wait for them; where the run is given up, they end with it.
        if not request.session.shouldfail:
            playing.wait()
        with suppress(ProcessLookupError):
            os.killpg(playing.pid, signal.SIGTERM)


@pytest.fixture(scope="session")
def stories(shared: Path) -> dict[str, Story]:
    """What the servers wrote, by their names, and what was done to them."""
    told, ends = shared / "lab" / TOLD, time.monotonic() + 300
    while not told.exists() and time.monotonic() < ends:
        time.sleep(0.1)
    found = pickle.loads(told.read_bytes())
    assert isinstance(found, dict), found
    return found


@pytest.fixture(scope="session")
def once(shared: Path) -> Once:
    """What takes long is made once in a run, for all workers."""

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / f"once-{name}"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = shared / f"once-{name}.part"
                unfinished.mkdir()
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def samples(once: Once) -> Path:
    """The bundled samples as a reconciled workspace file, which no test changes."""

    def fill(folder: Path) -> None:
        with ha.connect(folder / "samples.duckdb") as ws:
            ws.load_samples()

    return once("samples", fill) / "samples.duckdb"


@pytest.fixture(scope="session")
def report_of(once: Once, samples: Path) -> Callable[[str], Path]:
    """The page that a notebook makes of the samples; its facts lie beside it."""

    def look_up(name: str) -> Path:
        made = once(name, lambda folder: run_report(name, samples, {}, folder / f"{name}.html"))
        return made / f"{name}.html"

    return look_up


@pytest.fixture(scope="session")
def hostile_report(once: Once) -> Callable[[str], Path]:
    """The page that a notebook makes where every text tries to be a program."""

    def look_up(name: str) -> Path:
        def fill(folder: Path) -> None:
            run_report(
                name, cases.fill_hostile(folder / "case.duckdb"), {}, folder / "hostile.html"
            )

        return once(f"hostile-{name}", fill) / "hostile.html"

    return look_up


@pytest.fixture
def db() -> Iterator[Database]:
    """An empty workspace in memory."""
    with Database(":memory:") as database:
        yield database
