"""Whose a line can be: by its time, within windows measured on plain pairs; and by its caller."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = dict[str, NDArray[Any]]

SECOND = 1_000_000
# Stands for a time or a status that nobody logged.
NONE = np.iinfo(np.int64).min
# Answers that a proxy gives by itself: its line may come before the application's, or without one.
OWN_ANSWERS = (408, 499, 502, 503, 504)
# From so many pairs on, what was measured says more than what is assumed.
_ENOUGH = 8
# More pairs than this are no evidence but a crowd, and would not fit into the memory.
MOST_PAIRS = 12_000_000
NO_PAIRS = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
# A sender that saw no answer may be answered late: the line may be written this much after it left.
LATE_SECONDS = 300
# From the time that a sender notes for an attempt until it really sends, at most.
_DUE = 5 * SECOND
# How far the line of a request may lie from what an inner layer shows of it, before measuring.
_NEAR_SECONDS = 3
# From so many requests or lines on, what was counted says more than what is assumed.
_MANY = 20
# Logs stand in series where this share of the requests says so.
_MOST = 0.9
# Of the sender's addresses this share of lines comes when a request is due; of strangers', at most
# the other.
_SENDERS, _STRANGERS = 0.95, 0.8
# A sender that posts to more other paths than this is no sender but a balancer.
_FEW_PATHS = 5
_FEW = 3  # so many lines or calls are no accident


class CrowdedError(Exception):
    """More lines fit more requests than could ever be told apart."""


@dataclass(frozen=True)
class Windows:
    """First and last time of each request's line, microseconds on the sender's clock."""

    low: Numbers  # no line before this is the request's
    high: Numbers  # none after it
    # Where an inner layer shows the request: no line before this is its, unless the answer is a
    # proxy's own.
    seen_low: Numbers
    tight: Numbers  # upper end of the time in which its line would usually lie
    left: Numbers  # the sender had left by then: nothing in front of the receiver took it in later


def pair(lows: Numbers, highs: Numbers, requests: Columns, lines: Columns) -> tuple[Any, Any]:
    """Rows and lines of the same path whose time lies in the row's window.

    Raises:
        CrowdedError: There are more than `MOST_PAIRS`.
    """
    paths = lines["path_no"]
    keys, first, last = _keys(paths, lines["logged_at"], requests["path_no"], lows, highs)
    order = np.argsort(keys, kind="stable")
    starts, ends = np.searchsorted(keys[order], [first, last + 1])
    counts = np.maximum(ends - starts, 0)
    total = int(counts.sum())
    if total > MOST_PAIRS:
        raise CrowdedError
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, order[places + np.repeat(starts, counts)]


def accepts(status: Numbers) -> Flags:
    """Which answers accept a request."""
    flags: Flags = (status >= 200) & (status <= 299)
    return flags


def from_proxy(status: Numbers) -> Flags:
    """Which answers are those of what stands in front of the receiver."""
    flags: Flags = (status >= 502) & (status <= 504) | (status >= 520)
    return flags


def select(columns: Columns, chosen: Numbers) -> Columns:
    """Some rows of all columns."""
    return {name: column[chosen] for name, column in columns.items()}


def find_lone(rows: Numbers, columns: Numbers, size: int, count: int) -> Flags:
    """Which pairs leave no choice: neither the row nor the line has another."""
    flags: Flags = (np.bincount(rows, minlength=size)[rows] == 1) & (
        np.bincount(columns, minlength=count)[columns] == 1
    )
    return flags


def measure(
    requests: Columns, lines: Columns, tolerance: int, timeout: int, resolution: int, step: int
) -> Windows:
    """The windows of all requests; all times are in microseconds.

    The line of an attempt lies between the earliest distance that was seen and the sender's time-
    out; only physics bounds it above. What an inner layer shows of a request binds it tightly, on
    both sides, as far as the pairs that leave no choice do; the widest of them is widened.
    `resolution` is the step of the lines' times, `step` that of the attempts': a sender that tells
    no seconds tried within the minute.
    """
    tried, timed = requests["attempted_at"] != NONE, requests["attempted_until"] == NONE
    seen = requests["seen_from"] != NONE
    early, usual = _measure_attempts(
        requests, lines, tried & timed, tolerance, timeout + step, resolution
    )
    before, after = _measure_seen(requests, lines, seen, tolerance, resolution)

    slack = max(-early, SECOND, resolution)
    # What tells no time is where an inner layer shows it; else it was tried between its neighbours,
    # whose times may be those of their ends.
    tried &= timed | ~seen
    attempted = np.where(tried, requests["attempted_at"], 0)
    until = np.where(timed, attempted, requests["attempted_until"])
    latency, own = requests["latency_us"], requests["timeout_us"]
    answered = requests["http_status"] >= 0
    # A sender may note an attempt when it is due, and send it a little later. Its own time-out
    # bounds what it saw answered, as far as the lines show; what it gave up may be worked on.
    limit = np.where(own >= 0, np.minimum(np.maximum(own + _DUE, usual), timeout), timeout)
    limit = np.where(latency >= 0, np.minimum(latency + _DUE, timeout), limit)
    # A log that notes that clients left is written when they do.
    longest = _DUE if lines["notices"].all() else LATE_SECONDS * SECOND
    late = np.where(~answered & (requests["says"] == 2), longest, 0)
    waited = np.where(answered, limit, timeout + late)
    # Their rows may have been logged when the work ended, so a request may lie far before them.
    seen_from = np.where(seen, requests["seen_from"], 0)
    seen_until = np.where(seen, requests["seen_until"], 0)
    begun = np.where(timed, attempted, attempted - np.maximum(latency, timeout))
    low = np.where(tried, begun + early, seen_from - before - timeout)
    # A clock that stepped shows in what an inner layer saw, before the attempt as it seems.
    low = np.where(seen & tried, np.minimum(low, seen_from - before), low)
    # Where even the earliest lines lie behind, the log's clock may be ahead by as much.
    ahead = min(max(early, 0), tolerance)
    high = np.where(tried, until + ahead + waited + step + slack, seen_until + after)
    shown = np.maximum(seen_until + after, low)
    high = np.where(seen & tried, np.where(answered, np.minimum(high, shown), shown), high)
    tight = np.where(seen, shown, np.minimum(high, until + usual))
    left = np.where(tried & (late > 0), until + ahead + timeout + _DUE + step + slack, high)
    seen_low = np.where(seen, np.minimum(seen_from - before, high), low)
    return Windows(low, high, seen_low, tight, left)


def _measure_attempts(
    requests: Columns, lines: Columns, tried: Flags, tolerance: int, timeout: int, resolution: int
) -> tuple[int, int]:
    """Earliest and usual latest distance of a line from its attempt, both widened."""
    chosen = np.flatnonzero(tried)
    part = select(requests, chosen)
    at = part["attempted_at"]
    found = _lone_pairs(at - tolerance, at + timeout + tolerance, part, lines)
    if len(found[0]) < _ENOUGH:
        return max(
            _onset(at, part, lines, tolerance) - max(SECOND, resolution), -tolerance
        ), timeout
    distance = lines["logged_at"][found[1]] - at[found[0]]
    early = int(distance.min()) - _margin(distance, resolution)
    usual = int(np.quantile(distance, 0.98)) + _margin(distance, resolution)
    return max(early, -tolerance), usual


def _onset(at: Numbers, requests: Columns, lines: Columns, tolerance: int) -> int:
    """The distance from which on lines follow attempts more often than by chance.

    Where all stand too close for pairs that leave no choice, the distances of all pairs still rise
    sharply at the earliest true one.
    """
    step = SECOND // 2
    try:
        rows, columns = pair(at - 3 * tolerance, at + tolerance, requests, lines)
    except CrowdedError:
        return -tolerance
    bins = (lines["logged_at"][columns] - at[rows] + 3 * tolerance) // step
    counts = np.bincount(bins, minlength=4 * tolerance // step + 1)
    quiet = 2 * tolerance // step
    chance = counts[:quiet].mean() if quiet else 0.0
    risen = np.flatnonzero(counts[quiet:] > chance + 4 * np.sqrt(chance + 1))
    return int(risen[0]) * step - tolerance if len(risen) else -tolerance


def _measure_seen(
    requests: Columns, lines: Columns, seen: Flags, tolerance: int, resolution: int
) -> tuple[int, int]:
    """How far the line lies before the first and after the last time an inner layer shows."""
    near = max(_NEAR_SECONDS * SECOND, resolution)
    chosen = np.flatnonzero(seen & ~requests["surplus"])
    if not len(chosen):
        return near, near
    part = select(requests, chosen)
    first, last = part["seen_from"], part["seen_until"]
    reach = max(tolerance, 10 * SECOND)
    rows, columns = _lone_pairs(first - reach, last + reach, part, lines)
    plain = ~np.isin(lines["http_status"][columns], OWN_ANSWERS)
    rows, columns = rows[plain], columns[plain]
    if len(rows) < _ENOUGH:
        return near, near
    early = first[rows] - lines["logged_at"][columns]
    late = lines["logged_at"][columns] - last[rows]
    return (
        max(int(early.max()), 0) + _margin(early, resolution),
        max(int(late.max()), 0) + _margin(late, resolution),
    )


def _lone_pairs(
    lows: Numbers, highs: Numbers, requests: Columns, lines: Columns
) -> tuple[Any, Any]:
    """Pairs of a row and a line that have no other in their reach."""
    try:
        rows, columns = pair(lows, highs, requests, lines)
    except CrowdedError:
        return NO_PAIRS
    alone = find_lone(rows, columns, len(lows), len(lines["logged_at"]))
    return rows[alone], columns[alone]


def _margin(distance: Numbers, resolution: int) -> int:
    """How much beyond the extreme of n distances the next may lie: half of their usual spread."""
    low, high = np.quantile(distance, (0.05, 0.95))
    return int(max(resolution, SECOND, (high - low) / 2))


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
    if len(logs) < 2 or len(chosen) < _MANY:
        return lines
    path, at = requests["path_no"][chosen], at[chosen]
    kinds = np.stack([lines["path_no"], lines["http_status"]])
    lines = lines | {"answer_no": np.unique(kinds, axis=1, return_inverse=True)[1]}
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
        if np.mean(np.minimum(*parts) >= expected) >= _MOST:
            return select(lines, front | _stray(ahead, behind, ~front))
    return lines


def _stray(ahead: Columns, behind: Columns, places: Flags) -> Flags:
    """Which lines behind have none ahead for themselves: as near as nearly all, best alike."""
    keys, low = _keys(ahead["path_no"], ahead["starts_at"], behind["path_no"], behind["starts_at"])
    keys.sort()
    place = np.searchsorted(keys, low)
    near = np.abs(keys[np.clip([place - 1, place], 0, len(keys) - 1)] - low).min(axis=0)
    reach = int(2 * np.quantile(near, _MOST)) + SECOND
    ours, theirs = np.arange(len(keys)), np.arange(len(low))
    for kind in ("answer_no", "path_no"):
        front, back = select(ahead, ours), select(behind, theirs)
        first, second = _keys(front[kind], front["starts_at"], back[kind], back["starts_at"])
        taken, stood_for = _couple(first, second, reach)
        ours, theirs = np.delete(ours, taken), np.delete(theirs, stood_for)
    return np.isin(np.arange(len(places)), np.flatnonzero(places)[theirs])


def _couple(ahead: Numbers, behind: Numbers, reach: int) -> tuple[list[int], list[int]]:
    """Places of as many pairs as can be, none wider than the reach: each takes the first free."""
    order, pairs, place = np.argsort(ahead).tolist(), [], 0
    times = ahead[order].tolist()
    for number in np.argsort(behind).tolist():
        place = bisect_left(times, behind[number] - reach, place)
        if place < len(times) and times[place] <= behind[number] + reach:
            pairs.append((order[place], number))
            place += 1
    return [first for first, _ in pairs], [second for _, second in pairs]


def _keys(paths: Numbers, times: Numbers, other: Numbers, *more: Numbers) -> tuple[Numbers, ...]:
    """Times of several paths as numbers that lie apart if the paths differ."""
    every = np.concatenate([times, *more])
    base, top = (int(every.min()), int(every.max())) if len(every) else (0, 0)
    span = 2 * (top - base) + 86_400 * SECOND
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
    foreign = (most >= _MANY) & (share <= _STRANGERS)
    foreign &= len(explained) >= _SENDERS * len(np.unique(rows[answered]))
    return foreign[address]


def find_elsewhere(
    rows: Numbers, columns: Numbers, silent: Flags, lines: Columns, windows: Windows
) -> Numbers:
    """The sender's requests to other paths: an endpoint's URL may have been changed since.

    The sender is known by its addresses and its program, as given, or as those lines show that
    leave no choice. A path that is called only when requests are due which have no line, and for
    most of these, is an endpoint's, too. `rows` and `columns` are pairs that may belong together,
    `silent` are the requests without.
    """
    lone = find_lone(rows, columns, len(silent), len(lines["path"]))
    networks, times = np.unique(lines["network"][columns[lone]], return_counts=True)
    foreign = np.flatnonzero((lines["path_no"] < 0) & ~lines["stranger"])
    learnt = [foreign[lines["by_sender"][foreign]]]
    for network in networks[times >= _FEW]:
        theirs = foreign[lines["network"][foreign] == network]
        # Behind a balancer all clients have its address, and call very many paths.
        if len(np.unique(lines["path"][theirs])) <= _FEW_PATHS:
            learnt.append(theirs)
    begun, ended = np.sort(windows.low[silent]), np.sort(windows.high[silent])
    paths, path = np.unique(lines["path"][foreign], return_inverse=True)
    at = lines["logged_at"][foreign]
    calls = np.bincount(path, minlength=len(paths))
    due = np.searchsorted(begun, at, "right") > np.searchsorted(ended, at, "left")
    apt = (calls >= _FEW) & (np.bincount(path[due], minlength=len(paths)) == calls)
    for number in np.flatnonzero(apt):
        first, last = at[path == number].min(), at[path == number].max()
        lacking = np.searchsorted(begun, last, "right") - np.searchsorted(ended, first, "left")
        if 2 * calls[number] >= lacking:
            learnt.append(foreign[path == number])
    return np.unique(np.concatenate(learnt))
