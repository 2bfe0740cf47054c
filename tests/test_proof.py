"""A few of the cases that `make prove` runs by the thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof import FIRST_RUSH, Case, draw_case, draw_rush, play, score
from tiers import some
from world.faults import FAULTS, PICTURES

# Besides the first, some that once were wrong.
CASES = (0, 15, 130)


@pytest.mark.parametrize("number", some(CASES, 0))
def test_every_verdict_of_a_case_is_right(number: int, tmp_path: Path) -> None:
    found = score(draw_case(number), tmp_path)
    assert [str(failure) for failure in found.failures] == []
    assert found.counts["deliveries"] > 10


@pytest.mark.long
@pytest.mark.parametrize("number", [0, 1])
def test_times_alone_accuse_nobody_wrongly(number: int, tmp_path: Path) -> None:
    found = score(draw_rush(FIRST_RUSH + number), tmp_path)
    assert found.counts["false missed"] == 0


@pytest.mark.long
def test_half_a_minute_of_drift_a_day_changes_no_verdict(tmp_path: Path) -> None:
    told = []
    for drift in (0, 347):
        options = {"seed": 1, "events": 120, "days": 2, "edge": "plain", "app": "json"}
        case = Case(0, ("server_down", "false_success"), {**options, "drift_ppm": drift})
        with play(case, tmp_path / str(drift))[1] as ws:
            told.append(
                ws.rows("SELECT event_uuid, endpoint_url, detail FROM deliveries ORDER BY ALL")
            )
    assert told[0] == told[1]
    assert {"delivered", "never_reached", "false_success"} <= {row[2] for row in told[0]}


def test_pictures_are_fifty_and_known() -> None:
    assert len(PICTURES) == 50
    assert {name for picture in PICTURES for name in picture} <= set(FAULTS)


def test_cases_cover_every_picture_and_many_pairs() -> None:
    cases = [draw_case(number) for number in range(1000)]
    assert set(PICTURES) <= {case.faults for case in cases}
    assert len({case.faults for case in cases}) > 200
    assert cases == [draw_case(number) for number in range(1000)]
