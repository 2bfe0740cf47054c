"""Laws of the whole way, on simulated logs: from files to verdicts.

A world is judged once as it is, and once more for each law: changed in what means nothing.
Those of reading stand in `test_reading_properties.py`, those of the steps in
`test_reconciliation_properties.py`.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hookanalysis as ha
from hookanalysis.tables import BASE_TABLES, RESULTS, TABLES, Table
from world.faults import FAULTS
from world.runs import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


# `EXAMPLES=50 pytest tests/test_invariants.py` draws more worlds.
WORLDS = int(os.environ.get("EXAMPLES", "2"))
START = date(2026, 6, 1)
KINDS = sorted(name for name in FAULTS if name != "summer_time_ends")
GOOD = {"delivered", "recovered", "duplicated", "unacknowledged"}
# Log → rows of a table.
Rows = dict[str, list[tuple[Any, ...]]]
Verdicts = dict[tuple[str, str], tuple[str, str]]


@dataclass
class Drawn:
    """A day's logs with up to three faults, and what is made of them."""

    number: int
    dice: random.Random
    faults: tuple[str, ...]
    folder: Path
    rows: Rows

    def play(self, folder: Path, start: date = START) -> Path:
        """Write its logs; they have payloads, in which people are named."""
        known = {"seed": self.number, "events": 40, "days": 1, "export": "two"}
        simulate(folder, faults=self.faults, start=start, **known)
        return folder


@pytest.fixture(
    scope="module", params=[0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, WORLDS))]
)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    dice = random.Random(request.param)
    faults = tuple(dice.sample(KINDS, dice.randint(1, 3)))
    drawn = Drawn(request.param, dice, faults, tmp_path_factory.mktemp("world"), {})
    drawn.rows = judge(drawn.play(drawn.folder))
    return drawn


def judge(folder: Path, *, but: str = "", tables: Iterable[Table] = RESULTS) -> Rows:
    """Every row that the files in `folder` lead to; without the log named `but`."""
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        logs = [path for path in (folder / "receiver").rglob("*") if path.is_file()]
        ws.load(folder / "sender", *(path for path in logs if not but or but not in path.name))
        ws.reconcile()
        return {table.name: ws.rows(f"SELECT * FROM {table.name} ORDER BY ALL") for table in tables}


def verdicts(rows: Rows) -> Verdicts:
    names = TABLES["deliveries"].names
    wanted = [names.index(n) for n in ("event_uuid", "endpoint_url", "outcome", "detail")]
    told = (tuple(row[at] for at in wanted) for row in rows["deliveries"])
    return {(uuid, url): (outcome, detail) for uuid, url, outcome, detail in told}


def rewrite(folder: Path, change: Callable[[str], str], side: str = "sender") -> None:
    """Change the text of one side's files."""
    for path in (folder / side).rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode(errors="surrogateescape")
            path.write_bytes(change(text).encode(errors="surrogateescape"))


@contextmanager
def process_zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def test_another_log_makes_nothing_missed_that_was_delivered(world: Drawn) -> None:
    log = world.dice.choice(["access.log", "app.jsonl", "crm.log"])
    fewer, more = verdicts(judge(world.folder, but=log)), verdicts(world.rows)
    turned = {
        key: (verdict, more[key])
        for key, verdict in fewer.items()
        if verdict[0] in GOOD and more.get(key, ("absent",))[0] in {"missed", "absent"}
    }
    assert turned == {}


@pytest.mark.long
def test_the_same_files_give_the_same_rows_in_any_zone(world: Drawn) -> None:
    with process_zone(world.dice.choice(["Asia/Kathmandu", "Pacific/Chatham"])):
        assert judge(world.folder) == world.rows


@pytest.mark.long
def test_another_date_and_other_hosts_mean_nothing(world: Drawn, tmp_path: Path) -> None:
    def rename(text: str) -> str:
        return text.replace("tickets.example.com", "zz.example.org")

    world.play(tmp_path, START + timedelta(days=world.dice.randint(-400, 400)))
    rewrite(tmp_path, rename)
    before = verdicts(world.rows)
    after = {(uuid, rename(url)): verdict for (uuid, url), verdict in before.items()}
    assert verdicts(judge(tmp_path)) == after


@pytest.mark.long
def test_people_leave_no_trace_in_any_result(world: Drawn, tmp_path: Path) -> None:
    def swap(text: str) -> str:
        return (
            text.replace("customer1", "visitor77")
            .replace("Ada ", "Zoe ")
            .replace("555 01", "555 99")
        )

    shutil.copytree(world.folder, tmp_path, dirs_exist_ok=True)
    rewrite(tmp_path, swap)
    assert judge(tmp_path) == world.rows


@pytest.mark.long
def test_names_in_messages_enter_no_table(world: Drawn, tmp_path: Path) -> None:
    people = ("zebedee quux", "ZEBEDEE QUUX", "Zebedee O'Quux", "Quux, Zebedee", "zebedee_quux")
    said = f"webhook received for {' or '.join(people)}"
    shutil.copytree(world.folder, tmp_path, dirs_exist_ok=True)
    rewrite(tmp_path, lambda text: text.replace("webhook received", said), "receiver")
    told = str(judge(tmp_path, tables=(*BASE_TABLES, *RESULTS))).lower()
    assert "webhook received for" in told
    assert "zebedee" not in told
    assert "quux" not in told
