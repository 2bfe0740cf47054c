"""A log's clock from its times alone: the shift that stands out, and none where none does."""

from __future__ import annotations

import numpy as np
import pytest

from hookanalysis.verdict.clocks import DAY, find_shift


def moments(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(20 * DAY, 22 * DAY, size=count))


@pytest.mark.parametrize("shift", [0, 7, -41, 3600, -5 * 3600, 20700, 3600 - 12])
@pytest.mark.parametrize("count", [40, 4000])
def test_the_shift_is_found(shift: int, count: int) -> None:
    rng = np.random.default_rng(2)
    attempts = moments(count)
    lines = np.sort(attempts + shift + rng.integers(0, 2, size=count))[count // 20 :]
    found = find_shift([(attempts, lines)])
    assert found is not None
    assert abs(found.seconds - shift) <= 2


def test_lines_of_other_events_show_no_shift() -> None:
    assert find_shift([(moments(400), moments(400, seed=9))]) is None


def test_a_few_lines_show_no_shift() -> None:
    assert find_shift([(moments(3), moments(3))]) is None


def test_paths_count_together() -> None:
    one, other = moments(6), moments(6, seed=5)
    assert find_shift([(one, one + 3600), (other, other + 3600)]) is not None


def test_two_shifts_within_a_minute_show_none() -> None:
    """Answers at once, and as many that came when the sender gave up."""
    attempts = moments(40)
    lines = np.sort(np.concatenate([attempts[:18], attempts[18:] + 14]))
    assert find_shift([(attempts, lines)]) is None
