"""Charts: what they draw, what they say, and that their colours can be told apart."""

from __future__ import annotations

import itertools
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

import cases
from hookanalysis import charts
from hookanalysis.charts.drawing import MAX_ROWS, make_window, name_endpoints, prepare
from hookanalysis.database import Database
from hookanalysis.facts.gathering import facts
from hookanalysis.markup import OUTCOME_COLOURS
from hookanalysis.reporting.pages import read_meta
from hookanalysis.tables import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHARTS = (
    charts.outcomes_over_time,
    charts.endpoint_health,
    charts.latency,
    charts.coverage,
    charts.trend,
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = cases.all_outcomes()
    rows[0]["lag_ms"] = 5000.0
    return cases.fill(tmp_path_factory.mktemp("full") / "case.duckdb", rows)


def draw(chart: Callable[..., Any], path: Path, **period: Any) -> dict[str, Any]:
    with Database(path, read_only=True) as db:
        spec: dict[str, Any] = chart(db, facts(db, **period).period).to_dict()
    return spec


def numbers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The table behind a chart."""
    meta = read_meta(spec)
    return [dict(zip(meta["columns"], row, strict=True)) for row in meta["rows"]]


def parts(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
        for value in spec.values():
            yield from parts(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from parts(value)


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_is_framed(chart: Callable[..., Any], full: Path) -> None:
    spec = draw(chart, full)
    assert spec["title"]["text"]
    assert len(spec["description"]) > 20
    assert numbers(spec)
    widths = {part["width"] for part in parts(spec) if "width" in part and "encoding" in part}
    assert all(isinstance(width, int | float) for width in widths)
    scales = [p["scale"] for p in parts(spec) if p.get("type") == "temporal" and "scale" in p]
    assert scales
    assert {scale["type"] for scale in scales} == {"utc"}


@pytest.fixture(scope="module", params=[0, 1])
def little(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, Path]:
    """A number of deliveries, and the workspace that holds no others."""
    rows = cases.all_outcomes()[: request.param]
    path = tmp_path_factory.mktemp("little") / "case.duckdb"
    return request.param, cases.fill(path, rows, coverage=[])


@pytest.mark.parametrize("chart", CHARTS)
def test_little_data_gives_a_readable_chart(
    chart: Callable[..., Any], little: tuple[int, Path]
) -> None:
    deliveries, path = little
    spec = draw(chart, path)
    assert spec["description"]
    if not deliveries:
        assert any(part.get("mark", {}) for part in parts(spec))
        assert numbers(spec) == []


def test_outcomes_add_up_to_the_facts(full: Path) -> None:
    spec = draw(charts.outcomes_over_time, full)
    table = numbers(spec)
    with Database(full, read_only=True) as db:
        expected = {entry.outcome: entry.deliveries for entry in facts(db).outcomes}
    counted = {name: sum(row.get(name, 0) for row in table) for name in OUTCOMES}
    assert counted == expected
    assert "57 deliveries, 20\N{EN DASH}22 November 2026" in spec["description"]
    assert "3 missed" in spec["description"]


def test_stacks_stand_on_each_other(full: Path) -> None:
    spec = draw(charts.outcomes_over_time, full)
    for rows in spec["datasets"].values():
        for _, step in itertools.groupby(rows, key=lambda row: row["at"]):
            low = 0
            for row in step:
                assert row["low"] == low
                assert row["high"] == low + row["deliveries"]
                low = row["high"]


def test_one_day_only_holds_that_day(full: Path) -> None:
    day = cases.START + timedelta(days=1)
    period = {"since": day, "until": day + timedelta(days=1)}
    table = numbers(draw(charts.outcomes_over_time, full, **period))
    assert table
    assert {row["hour"][:10] for row in table} == {"2026-11-21"}
    spec = draw(charts.coverage, full, **period)
    assert {row["from"] for row in numbers(spec)} == {"2026-11-21 00:00:00"}


def test_health_names_the_endpoint_that_fails_most(full: Path) -> None:
    spec = draw(charts.endpoint_health, full)
    assert "shop.example.com/hooks/showpass, 6 of" in spec["description"]


def test_endpoints_are_told_apart_by_where_their_addresses_differ() -> None:
    urls = [f"https://hooks.example.com/venues/venue-{n}/webhooks/showpass" for n in (1, 2)]
    assert list(name_endpoints([f"{url}?9f" for url in urls], 44).values()) == [
        "hooks.example.com/venues/venue-1/…",
        "hooks.example.com/venues/venue-2/…",
    ]
    asked = [f"{urls[0]}?9f", f"{urls[0]}?a1", urls[1]]
    assert "(query 9f)" in name_endpoints(asked, 44)[asked[0]]
    short = ["https://a.example.com/hook", "https://b.example.com/hook"]
    assert list(name_endpoints(short, 44).values()) == ["a.example.com/hook", "b.example.com/hook"]


def test_a_usual_lag_is_said_and_not_drawn(tmp_path: Path) -> None:
    spec = draw(charts.latency, cases.fill(tmp_path / "case.duckdb", cases.all_outcomes()))
    assert spec["description"].startswith("At every endpoint and time, 95 %")
    assert numbers(spec) == []


def test_the_slowest_endpoints_are_drawn(tmp_path: Path) -> None:
    rows = [
        cases.delivery(n, "delivered", cases.START, lag_ms=1000.0 * n, endpoint_url=f"https://e{n}")
        for n in range(9)
    ]
    spec = draw(charts.latency, cases.fill(tmp_path / "case.duckdb", rows))
    assert [row["endpoint"] for row in numbers(spec)] == ["e8", "e7", "e6", "e5"]


def test_lag_is_in_seconds(tmp_path: Path) -> None:
    rows = [cases.delivery(n, "delivered", cases.START, lag_ms=1500.0) for n in (1, 2)]
    spec = draw(charts.latency, cases.fill(tmp_path / "case.duckdb", rows))
    (row,) = numbers(spec)
    assert (row["median"], row["deliveries"]) == ("1.5 s", 2)
    assert {r["p50"] for rows in spec["datasets"].values() for r in rows} == {1.5}


@pytest.mark.long
def test_the_explorer_says_that_it_shows_only_some_events(full: Path) -> None:
    spec = draw(lambda db, period: charts.explorer(db, period, events=5), full)
    assert "Events in trouble (the first 5 of 27)" in json.dumps(spec)
    assert "(the first" not in json.dumps(draw(charts.explorer, full))


def test_coverage_tells_its_holes(full: Path) -> None:
    spec = draw(charts.coverage, full)
    assert "1 hole; the longest lasts 2 h: edge \N{MIDDLE DOT} edge-1" in spec["description"]
    (hole,) = [row for row in numbers(spec) if row["state"] == "hole"]
    assert hole["reason"] == "nothing was written"


def test_long_endpoint_names_stay_apart(tmp_path: Path) -> None:
    urls = [f"https://{'a' * 300}{n}{'z' * 300}.example/hook" for n in (1, 2)]
    rows = [
        cases.delivery(n, "missed", cases.START, endpoint_url=url) for n, url in enumerate(urls, 1)
    ]
    table = numbers(draw(charts.endpoint_health, cases.fill(tmp_path / "case.duckdb", rows)))
    assert len({row["endpoint"] for row in table}) == 2
    assert all(len(row["endpoint"]) < 60 for row in table)


@pytest.mark.long
def test_two_hundred_endpoints_and_years_stay_small(tmp_path: Path) -> None:
    rows = [
        cases.delivery(n, "missed", cases.START + timedelta(days=n), endpoint_url=f"https://e{n}")
        for n in range(200)
    ]
    path = cases.fill(tmp_path / "case.duckdb", rows)
    for chart in CHARTS:
        spec = draw(chart, path)
        drawn = sum(len(rows) for rows in spec["datasets"].values())
        assert drawn <= MAX_ROWS
        assert len(json.dumps(spec)) < 400_000
    assert "200 endpoints, of which the 15" in draw(charts.endpoint_health, path)["description"]


@pytest.mark.parametrize(
    ("days", "unit"), [(1, "hour"), (4, "hour"), (5, "day"), (131, "week"), (911, "month")]
)
def test_steps_suit_the_span(days: int, unit: str) -> None:
    assert make_window(cases.START, cases.START + timedelta(days=days)).unit == unit


@pytest.mark.long
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_zone_of_the_process_does_not_matter(
    zone: str, full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [draw(chart, full) for chart in CHARTS]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        there = [draw(chart, full) for chart in CHARTS]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [numbers(spec) for spec in there] == [numbers(spec) for spec in here]
    assert [spec["datasets"] for spec in there] == [spec["datasets"] for spec in here]


def test_a_raw_table_is_no_chart() -> None:
    prepare()
    frame = pd.DataFrame({"x": range(MAX_ROWS + 1)})
    with pytest.raises(alt.MaxRowsError):
        alt.Chart(frame).mark_point().encode(x="x:Q").to_dict()


# Machado, Oliveira and Fernandes 2009: how colours look without one of the three cones.
_DEFICIENCIES = {
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
_TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
_TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(colour: str) -> Any:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("eyes", _DEFICIENCIES)
def test_outcomes_can_be_told_apart_by_colour(eyes: str) -> None:
    assert list(OUTCOME_COLOURS) == list(OUTCOMES)
    seen = {}
    for name, colour in OUTCOME_COLOURS.items():
        light = np.clip(np.array(_DEFICIENCIES[eyes]) @ linear(colour), 0, 1)
        seen[name] = np.array(_TO_LAB) @ np.cbrt(np.array(_TO_CONES) @ light)
    for one, other in itertools.combinations(OUTCOMES, 2):
        # 0.08 in OKLab is some four times what a practised eye needs side by side.
        assert np.linalg.norm(seen[one] - seen[other]) > 0.08, (one, other)
