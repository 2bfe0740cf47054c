"""A month of runs, with all that goes wrong in one, ends as one load of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

import month


@pytest.mark.slow
def test_a_month_of_runs_ends_as_one_load_of_everything(tmp_path: Path) -> None:
    days, played = month.play(tmp_path / "month")
    told = {day.number: day for day in days}
    assert played.differences() == dict.fromkeys(month.COMPARED, 0)
    # What the scheduler was told meanwhile: no evidence is an alarm, and only what failed failed.
    assert told[month.LATE].codes == [0, 1]
    assert told[month.TWICE].codes[:3] == [0, 0, 0]
    assert told[month.KILLED].codes[:2] == [-9, 0]
    assert told[month.FULL].codes == [74, 0]
    assert told[month.FORGOTTEN].codes == []
    (late,) = (how for how in told[month.ARRIVES].changed if "2026-11-05" in how)
    assert "delivered" in late
    others = [day for day in days if day.number not in month.WHAT]
    assert {code for day in others for code in day.codes} <= {0, 1}
