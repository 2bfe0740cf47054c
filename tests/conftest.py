"""What several rooms of tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import hookanalysis as ha
from hookanalysis.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# A commit passes or fails alike on every machine. `EXAMPLES=500 pytest
# --hypothesis-profile=default tests/test_invariants.py` looks for new examples, and for more.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")

# Workers that run side by side have a core each: DuckDB's threads would only wait for one another.
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled samples as a reconciled workspace file, which no test changes."""
    path = tmp_path_factory.mktemp("samples") / "samples.duckdb"
    with ha.connect(path) as ws:
        ws.load_samples()
    return path


@pytest.fixture
def db() -> Iterator[Database]:
    """An empty workspace in memory."""
    with Database(":memory:") as database:
        yield database
