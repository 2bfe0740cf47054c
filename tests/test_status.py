"""The state of a workspace: until when each source is loaded, and what is open."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import hookanalysis as ha

NOON = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - the tables hold UTC without a zone
UUID = "06d5dc13-0000-4000-8000-{:012d}"


def write_log(path: Path, start: datetime, minutes: int, *, silent: range = range(0)) -> str:
    """A line a minute, with a zone's local times and no word of the zone."""
    path.parent.mkdir(exist_ok=True)
    times = [start + timedelta(minutes=n) for n in range(minutes) if n not in silent]
    text = "".join(
        f"{at:%Y-%m-%d %H:%M:%S} INFO got webhook_event_uuid={UUID.format(n)}\n"
        for n, at in enumerate(times)
    )
    path.write_text(text)
    return text


def test_each_source_says_until_when_it_is_loaded(tmp_path: Path) -> None:
    log = tmp_path / "web" / "app.log"
    start = datetime(2026, 11, 21, 1)  # noqa: DTZ001
    write_log(log, start, 120, silent=range(30, 90))
    with ha.connect(tmp_path / "case.duckdb", settings=ha.Settings()) as ws:
        ws.load(log, timezone="America/New_York")
        ws.reconcile()
        told = ws.status(NOON)
        (source,) = told.sources
        assert (source.layer, source.stream, source.zones) == (
            "app",
            "web/app.log",
            ["America/New_York"],
        )
        assert source.ends_at == start + timedelta(hours=5 + 2, minutes=-1)
        assert source.age_seconds == 241 * 60
        (hole,) = source.holes
        assert (hole.seconds, hole.reason) == (61 * 60 + 1, "no_liveness")
        assert told.results == ""
        # What was reconciled before the last load is no longer the state.
        write_log(log, start, 180, silent=range(30, 90))
        ws.load(log, timezone="America/New_York")
        told = ws.status(NOON)
        assert told.sources[0].age_seconds == 181 * 60
        assert told.results == "the results are older than the data"
        assert len(ws.table("coverage")) == 3, "the tables themselves are those of the last results"


def test_a_later_file_of_the_same_log_settles_a_refused_one(tmp_path: Path) -> None:
    first, second = tmp_path / "web" / "app.log.1", tmp_path / "web" / "app.log"
    packed = gzip.compress(write_log(second, NOON, 30).encode())
    first.write_bytes(packed[:60] + bytes([packed[60] ^ 8]) + packed[61:])
    page = tmp_path / "page.csv"
    page.write_text("<!doctype html><html><body>Please log in</body></html>")
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        assert "missing: your own side" in str(ws.status(NOON))
        ws.load(first, page, timezone="UTC")
        assert [Path(file.path).name for file in ws.status(NOON).refused] == [page.name, first.name]
        ws.load(second, timezone="UTC")
        assert [Path(file.path).name for file in ws.status(NOON).refused] == [page.name]
        assert ws.status(NOON).results == "there are no results yet"


def test_the_state_of_the_samples(samples: Path) -> None:
    with ha.connect(samples, read_only=True) as ws:
        told = ws.status(NOON + timedelta(days=3))
        left = dict(ws.rows("SELECT outcome, count(*) FROM deliveries GROUP BY outcome"))
    lines = str(told).splitlines()
    assert "edge    edge/access.log: until 2026-11-21 23:59 UTC, 2 days 12 h ago; " in lines[4]
    assert "clock 5.3 s ahead; 2 holes, the longest 2026-11-19 02:23 to " in lines[4]
    assert told.results == ""
    assert {found.outcome: found.deliveries for found in told.open}["missed"] == left["missed"]
    found = json.loads(json.dumps(told.to_dict()))
    assert [source["stream"] for source in found["sources"]][2:] == [
        "app/app.jsonl",
        "app/crm.log",
        "edge/access.log",
    ]
