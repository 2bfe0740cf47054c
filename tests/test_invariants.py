"""Laws of the whole way, on simulated logs: from files to verdicts.

Those of reading stand in `test_reading_properties.py`, those of the steps in
`test_reconciliation_properties.py`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hookanalysis as ha
from hookanalysis.tables import BASE_TABLES, RESULTS
from world.faults import FAULTS
from world.runs import simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hookanalysis.schema import Table

# Each example is a day's logs, loaded and reconciled twice.
few = settings(
    max_examples=int(os.environ.get("EXAMPLES", "2")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

Verdicts = dict[tuple[str, str], tuple[str, str]]

faults = st.lists(
    st.sampled_from(sorted(name for name in FAULTS if name != "summer_time_ends")),
    min_size=1,
    max_size=3,
    unique=True,
)
seeds = st.integers(0, 10_000)


def play(folder: Path, seed: int, names: list[str], **options: Any) -> None:
    """Write a small scenario with these faults."""
    simulate(folder, seed=seed, events=40, days=1, faults=tuple(names), **options)


def judge(folder: Path, *, but: str = "") -> Verdicts:
    """What the files in `folder` make of each delivery; without the log named `but`."""
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        logs = [path for path in (folder / "receiver").rglob("*") if path.is_file()]
        ws.load(folder / "sender", *(path for path in logs if not but or but not in path.name))
        ws.reconcile()
        query = "SELECT event_uuid, endpoint_url, outcome, detail FROM deliveries"
        return {row[:2]: row[2:] for row in ws.rows(query)}


def rewrite(folder: Path, change: Callable[[str], str]) -> None:
    """Change the text of the sender's files."""
    for path in (folder / "sender").iterdir():
        path.write_bytes(change(path.read_bytes().decode()).encode())


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


@few
@given(seed=seeds, names=faults, log=st.sampled_from(["access.log", "app.jsonl", "crm.log"]))
def test_another_log_makes_nothing_missed_that_was_delivered(
    seed: int, names: list[str], log: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        play(folder, seed, names)
        fewer, more = judge(folder, but=log), judge(folder)
    good = {"delivered", "recovered", "duplicated", "unacknowledged"}
    turned = {
        key: (verdict, more[key])
        for key, verdict in fewer.items()
        if verdict[0] in good and more.get(key, ("absent",))[0] in {"missed", "absent"}
    }
    assert turned == {}


@few
@given(seed=seeds, names=faults, zone=st.sampled_from(["Asia/Kathmandu", "Pacific/Chatham"]))
def test_the_zone_of_the_process_means_nothing(seed: int, names: list[str], zone: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        play(Path(name), seed, names)
        here = judge(Path(name))
        with process_zone(zone):
            assert judge(Path(name)) == here


@few
@given(seed=seeds, names=faults, days=st.integers(-400, 400))
def test_another_date_shifts_everything_alike(seed: int, names: list[str], days: int) -> None:
    start = date(2026, 6, 1)
    with tempfile.TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        play(one, seed, names, start=start)
        play(two, seed, names, start=start + timedelta(days=days))
        assert judge(one) == judge(two)


@few
@given(seed=seeds, names=faults)
def test_names_of_hosts_mean_nothing(seed: int, names: list[str]) -> None:
    def rename(text: str) -> str:
        return text.replace("tickets.example.com", "zz.example.org")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        play(folder, seed, names)
        before = judge(folder)
        rewrite(folder, rename)
        after = judge(folder)
    assert after == {(uuid, rename(url)): verdict for (uuid, url), verdict in before.items()}


@few
@given(seed=seeds, names=faults)
def test_people_leave_no_trace_in_any_result(seed: int, names: list[str]) -> None:
    def swap(text: str) -> str:
        return (
            text.replace("customer1", "visitor77")
            .replace("Ada ", "Zoe ")
            .replace("555 01", "555 99")
        )

    with tempfile.TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        # JSON with payloads, in which people are named.
        play(one, seed, names, export="two")
        shutil.copytree(one, two)
        rewrite(two, swap)
        assert _results(one) == _results(two)


@few
@given(seed=seeds, names=faults)
def test_names_in_messages_enter_no_table(seed: int, names: list[str]) -> None:
    people = ("zebedee quux", "ZEBEDEE QUUX", "Zebedee O'Quux", "Quux, Zebedee", "zebedee_quux")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        play(folder, seed, names)
        for log in (path for path in (folder / "receiver").rglob("*") if path.is_file()):
            text = log.read_bytes()
            said = f"webhook received for {' or '.join(people)}".encode()
            log.write_bytes(text.replace(b"webhook received", said))
        tables = _results(folder, (*BASE_TABLES, *RESULTS))
    told = str(tables).lower()
    assert "webhook received for" in told
    assert "zebedee" not in told
    assert "quux" not in told


@few
@given(seed=seeds, names=faults)
def test_the_same_files_give_the_same_rows(seed: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        play(Path(name), seed, names)
        assert _results(Path(name)) == _results(Path(name))


def _results(folder: Path, tables: Iterable[Table] = RESULTS) -> dict[str, list[Any]]:
    """Every row of every table; of those that reconciling makes, by default."""
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        ws.load(folder / "sender", folder / "receiver")
        ws.reconcile()
        return {table.name: ws.rows(f"SELECT * FROM {table.name} ORDER BY ALL") for table in tables}
