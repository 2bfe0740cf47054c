"""Logs in series: a balancer's, and those of the servers behind it, show every request twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .windows import NONE, SECOND, select

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Columns = dict[str, NDArray[Any]]

# So many answered requests tell whether logs stand in series, and this share of them must agree.
_ENOUGH = 20
_MOST = 0.9


def leave_out_echoes(requests: Columns, lines: Columns, tolerance: int) -> Columns:
    """The lines of one layer, without those that only repeat what a log in front of theirs shows.

    A log stands in front of all others, and not beside them as one host's, if around nearly every
    answered request it holds as many lines as there are such requests, and the others do, too.
    What has no line of that log near it went another way, and stays.

    Args:
        requests: Columns of `tier_requests`.
        lines: Columns of `tier_lines`, by time.
        tolerance: How well the clocks are known, microseconds.
    """
    logs = np.unique(lines["log"])
    seen = requests["seen_from"] != NONE
    at = np.where(seen, requests["seen_from"], requests["attempted_at"])
    chosen = np.flatnonzero((requests["shown"] | (requests["says"] == 1)) & (at != NONE))
    if len(logs) < 2 or len(chosen) < _ENOUGH:
        return lines
    path, at = requests["path_no"][chosen], at[chosen]
    slack = 2 * SECOND + np.maximum(requests["latency_us"][chosen], 0)

    def around(paths: Numbers, times: Numbers) -> Numbers:
        keys, low, high = _keys(paths, times, path, at - tolerance, at + tolerance + slack)
        keys.sort()
        return np.searchsorted(keys, high, "right") - np.searchsorted(keys, low, "left")

    def shown(part: Columns) -> Flags:
        flags: Flags = around(part["path_no"], part["starts_at"]) >= expected
        return flags

    expected = around(path, at)
    for log in sorted(logs, key=lambda log: -np.count_nonzero(lines["log"] == log)):
        front = lines["log"] == log
        ahead, behind = select(lines, front), select(lines, ~front)
        if np.mean(shown(ahead) & shown(behind)) >= _MOST:
            return select(lines, front | _stray(ahead, behind, ~front))
    return lines


def _stray(ahead: Columns, behind: Columns, places: Flags) -> Flags:
    """Which lines behind have none ahead as near as nearly all others have one."""
    keys, low = _keys(ahead["path_no"], ahead["starts_at"], behind["path_no"], behind["starts_at"])
    keys.sort()
    place = np.searchsorted(keys, low)
    before, after = keys[np.maximum(place - 1, 0)], keys[np.minimum(place, len(keys) - 1)]
    distance = np.minimum(np.abs(low - before), np.abs(after - low))
    stray = places.copy()
    stray[places] = distance > 2 * np.quantile(distance, _MOST) + SECOND
    return stray


def _keys(paths: Numbers, times: Numbers, other: Numbers, *more: Numbers) -> tuple[Numbers, ...]:
    """Times of several paths as numbers that lie apart if the paths differ."""
    base = min(times.min(initial=0), *(part.min(initial=0) for part in more))
    span = 2 * (max(times.max(initial=0), *(part.max(initial=0) for part in more)) - base) + 1
    return paths * span + times - base, *(other * span + part - base for part in more)
