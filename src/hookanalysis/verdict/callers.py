"""Whose the lines of a layer are: the sender's, a stranger's, or once more what a log shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .windows import NONE, SECOND, find_lone, select

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Columns = dict[str, NDArray[Any]]

# From so many requests or lines on, what was counted says more than what is assumed.
_ENOUGH = 20
# Logs stand in series where this share of the requests says so.
_MOST = 0.9
# Of the sender's addresses this share of lines comes when a request is due; of strangers', at most
# the other.
_SENDERS, _STRANGERS = 0.95, 0.8
# A sender that posts to more other paths than this is no sender but a balancer.
_FEW_PATHS = 5


def leave_out_echoes(requests: Columns, lines: Columns, tolerance: int) -> Columns:
    """The lines of one layer, without those that only repeat what a log in front of theirs shows.

    A log stands in front of all others, and not beside them as one host's, if around nearly every
    answered request it holds as many lines as there are such requests, and the others do, too. What
    has no line of that log near it went another way, and stays. The tolerance is in microseconds.
    """
    logs = np.unique(lines["log"])
    seen = requests["seen_from"] != NONE
    at = np.where(seen, requests["seen_from"], requests["attempted_at"])
    chosen = np.flatnonzero((requests["shown"] | (requests["says"] == 1)) & (at != NONE))
    if len(logs) < 2 or len(chosen) < _ENOUGH:
        return lines
    path, at = requests["path_no"][chosen], at[chosen]
    slack = 2 * SECOND + np.maximum(requests["latency_us"][chosen], 0)

    def around(paths: Numbers, times: Numbers, more: int) -> Numbers:
        low, high = at - tolerance - more, at + tolerance + slack + more
        keys, low, high = _keys(paths, times, path, low, high)
        keys.sort()
        return np.searchsorted(keys, high, "right") - np.searchsorted(keys, low, "left")

    expected = around(path, at, 0)
    for log in sorted(logs, key=lambda log: -np.count_nonzero(lines["log"] == log)):
        front = lines["log"] == log
        ahead, behind = select(lines, front), select(lines, ~front)
        # One of them may tell only whole seconds.
        parts = (around(p["path_no"], p["starts_at"], SECOND) for p in (ahead, behind))
        fewest = np.minimum(*parts)
        if np.mean(fewest >= expected) >= _MOST:
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


def find_strangers(
    rows: Numbers, columns: Numbers, answered: Flags, lines: Columns, low: Numbers
) -> Flags:
    """Lines of addresses that often call when no request was due, as others hardly do.

    Those others must explain nearly all answered requests: then it is another sender's. `rows` and
    `columns` are pairs that may belong together; `answered`: the sender or a layer behind saw the
    request answered; `low`: when the window of each request begins.
    """
    count = len(lines["address"])
    if not answered.any():
        return np.zeros(count, dtype=bool)
    _, address = np.unique(lines["address"], return_inverse=True)
    due = np.zeros(count, dtype=bool)
    due[columns] = True
    times = lines["logged_at"]
    counted = (times >= low.min()) & (times <= low.max()) & (lines["path_no"] >= 0)
    most, called = (
        np.bincount(address[flags], minlength=address.max() + 1)
        for flags in (counted, counted & due)
    )
    share = called / np.maximum(most, 1)
    senders = (share >= _SENDERS)[address] & counted
    explained = np.unique(rows[answered & senders[columns]])
    foreign = (most >= _ENOUGH) & (share <= _STRANGERS)
    foreign &= len(explained) >= _SENDERS * len(np.unique(rows[answered]))
    flags: Flags = foreign[address] & (lines["address"] != 0)
    return flags


def find_elsewhere(rows: Numbers, columns: Numbers, size: int, lines: Columns) -> Numbers:
    """The sender's requests to other paths: an endpoint's URL may have been changed since.

    The sender is known by its addresses, as given, or as those lines show that leave no choice.
    `rows` and `columns` are pairs that may belong together, `size` is the number of requests.
    """
    lone = find_lone(rows, columns, size, len(lines["path"]))
    networks, times = np.unique(lines["network"][columns[lone]], return_counts=True)
    foreign = np.flatnonzero((lines["path_no"] < 0) & ~lines["stranger"])
    learnt = []
    for network in networks[(times >= 3) & (networks != 0)]:
        theirs = foreign[lines["network"][foreign] == network]
        # Behind a balancer all clients have its address, and call very many paths.
        if len(np.unique(lines["path"][theirs])) <= _FEW_PATHS:
            learnt.append(theirs)
    return np.unique(np.concatenate([foreign[lines["by_sender"][foreign]], *learnt]))
