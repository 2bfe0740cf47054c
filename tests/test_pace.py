"""Silences judged by a log's own pace: what is a hole, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from hookanalysis.verdict.clocks import active_seconds, find_holes

HOUR = 3600


def holes(active: np.ndarray) -> list[tuple[int, int]]:
    found = find_holes(active, longest=HOUR)
    return [(int(active[i]), int(active[i + 1])) for i in found]


def at_random(every: float, seconds: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(every, size=int(2 * seconds / every)))
    return np.unique(times[times < seconds].astype(np.int64))


def cut(active: np.ndarray, start: int, length: int) -> np.ndarray:
    return active[(active < start) | (active >= start + length)]


@pytest.mark.parametrize(
    ("every", "length"),
    [(0.2, 20), (1, 40), (6, 240), (12, 660), (40, 1500)],
)
def test_a_hole_shows_in_a_log_that_is_written_at_random(every: float, length: int) -> None:
    log = cut(at_random(every, 12 * HOUR), 6 * HOUR, length)
    assert any(start <= 6 * HOUR and end >= 6 * HOUR + length for start, end in holes(log))


@pytest.mark.parametrize("every", [0.2, 1, 6, 40, 400])
def test_the_silences_of_chance_are_no_holes(every: float) -> None:
    for seed in range(5):
        log = at_random(every, 24 * HOUR, seed)
        assert len(holes(log)) <= 1


def test_between_two_files_a_shorter_silence_is_a_hole() -> None:
    for seed in range(5):
        log = cut(at_random(3, 12 * HOUR, seed), 6 * HOUR, 25)
        seams = np.zeros(len(log) - 1, dtype=bool)
        assert not len(find_holes(log, HOUR, seams))
        seams[np.searchsorted(log, 6 * HOUR) - 1] = True
        assert len(find_holes(log, HOUR, seams)) == 1
        whole = at_random(3, 12 * HOUR, seed)
        assert len(find_holes(whole, HOUR, np.arange(1, len(whole)) % 2000 == 0)) <= 1


def test_a_regular_beat_shows_a_hole_of_three_beats() -> None:
    log = cut(np.arange(0, 12 * HOUR, 30), 6 * HOUR, 120)
    assert holes(log) == [(6 * HOUR - 30, 6 * HOUR + 120)]


def test_several_holes_do_not_hide_each_other() -> None:
    log = at_random(5, 12 * HOUR)
    for start in (3, 5, 7):
        log = cut(log, start * HOUR, 600)
    assert len(holes(log)) == 3


def test_a_log_that_comes_in_bursts_may_be_silent_between_them() -> None:
    bursts = np.concatenate([np.arange(start, start + 5) for start in range(0, 24 * HOUR, 600)])
    assert not holes(bursts)


def test_a_quiet_night_is_no_hole() -> None:
    day, night = at_random(2, 8 * HOUR), at_random(120, 8 * HOUR, seed=2) + 8 * HOUR
    log = np.concatenate([day, night, at_random(2, 8 * HOUR, seed=3) + 16 * HOUR])
    assert len(holes(log)) <= 1


def test_a_longer_hole_is_a_hole() -> None:
    log = at_random(20, 12 * HOUR)
    lengths = [length for length in range(60, 3600, 60) if holes(cut(log, 6 * HOUR, length))]
    assert lengths == list(range(lengths[0], 3600, 60))


def test_seconds_come_from_the_bits_of_a_minute() -> None:
    minutes = np.array([60, 120], dtype=np.int64)
    masks = np.array([1 | (1 << 59), 1 << 7], dtype=np.uint64)
    assert active_seconds(minutes, masks).tolist() == [60, 119, 127]
