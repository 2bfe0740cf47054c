"""A few of the cases that `make prove` runs by the thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookanalysis.simulation.faults import FAULTS, PICTURES
from proof import FIRST_RUSH, draw_case, draw_rush, score

# Besides the first, some that once were wrong.
CASES = (*range(9), 15, 130, 185)


@pytest.mark.parametrize("number", CASES)
def test_every_verdict_of_a_case_is_right(number: int, tmp_path: Path) -> None:
    found = score(draw_case(number), tmp_path)
    assert [str(failure) for failure in found.failures] == []
    assert found.counts["deliveries"] > 10


@pytest.mark.parametrize("number", range(2))
def test_times_alone_accuse_nobody_wrongly(number: int, tmp_path: Path) -> None:
    found = score(draw_rush(FIRST_RUSH + number), tmp_path)
    assert found.counts["false missed"] == 0


def test_pictures_are_fifty_and_known() -> None:
    assert len(PICTURES) == 50
    assert {name for picture in PICTURES for name in picture} <= set(FAULTS)


def test_cases_cover_every_picture_and_many_pairs() -> None:
    cases = [draw_case(number) for number in range(1000)]
    assert set(PICTURES) <= {case.faults for case in cases}
    assert len({case.faults for case in cases}) > 200
    assert cases == [draw_case(number) for number in range(1000)]
