"""One layer of the receiver: its lines without a uuid, and whose they can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .assignment import Assignment, assign
from .clocks import displaced
from .windows import (
    LATE_SECONDS,
    NO_PAIRS,
    NONE,
    OWN_ANSWERS,
    SECOND,
    CrowdedError,
    accepts,
    find_elsewhere,
    find_strangers,
    from_proxy,
    leave_out_echoes,
    measure,
    pair,
    select,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .windows import Columns, Flags, Numbers

# What is said of a request in one layer. `line`: it has one; `none`: it has none; `open`: it may
# have; `lacking`: it must have one, and none fits (so the log lacks lines, or a window is wrong).
STATES = ("line", "none", "open", "lacking")
_LINE, _NONE, _OPEN, _LACKING = range(4)

# Chance that a line of somebody else lies in a window, above which a line proves nothing.
_MOST_STRANGERS = 0.005
# Share of lines sent twice above which they are another list's.
_MOST_REPEATS = 0.1
# Chance that a line of nobody's lies so near to a request, above which it is not that one's.
_MOST_CHANCE = 0.05
# Where logs name this share of what was answered, they name all of it.
_NAMED = 0.95
# So many candidate lines of a request are kept as evidence.
_MOST_CANDIDATES = 8
# So long a sender whose attempts are not listed may have tried again, microseconds.
_TRIED_FOR = 3 * 86_400 * SECOND


@dataclass(frozen=True)
class Known:
    """What is known of a layer before its lines are looked at."""

    timeout: int  # how long the sender waits for an answer, microseconds
    same_send: int  # two requests this close may be one attempt's, microseconds
    tolerance: int  # how well the clocks are known, microseconds
    step: int  # step of the sender's times, microseconds
    zone_doubted: bool  # a zone was mistaken, and only the times say so: nothing is claimed
    # When the logs of a path were whole: its number, first and last microsecond; sorted.
    spans: Numbers


class Tier:
    """One layer: its lines, what may have left them, and when its logs are whole."""

    def __init__(self, requests: Columns, lines: Columns, known: Known) -> None:
        lines = leave_out_echoes(requests, lines, known.tolerance)
        self.requests, self.lines, self.known = requests, lines, known
        self.size, self.count = len(requests["path_no"]), len(lines["path_no"])
        self.resolution = int(lines["resolution_ms"].max(initial=0) * 1000)
        self.windows = measure(
            requests, lines, known.tolerance, known.timeout, self.resolution, known.step
        )
        self.covered = self._cover(known.spans)
        self.pairs = NO_PAIRS
        self.elsewhere = NO_PAIRS[0]

    def _cover(self, spans: Numbers) -> Flags:
        """Of each request: whether the layer's logs were whole all through its window."""
        covered = np.zeros(self.size, dtype=bool)
        for path in np.unique(spans[:, 0]):
            mine = spans[spans[:, 0] == path]
            chosen = np.flatnonzero(self.requests["path_no"] == path)
            place = np.searchsorted(mine[:, 1], self.windows.low[chosen], "right") - 1
            covered[chosen] = (place >= 0) & (mine[place, 2] >= self.windows.high[chosen])
        return covered

    def decide(self) -> Columns:
        """What is certain of each request; see `STATES`. Of a crowd, nothing is."""
        must = self.requests["shown"] & self.covered
        try:
            return self._decide(must)
        except CrowdedError:
            self.pairs = NO_PAIRS
            return self._crowded(must)

    def _decide(self, must: Flags) -> Columns:
        requests, windows = self.requests, self.windows
        parts = [pair(windows.low, windows.high, requests, self.lines)]
        parts += [self._pair_late(), self._pair_strayed()]
        rows, columns = self._fit(*np.concatenate(parts, axis=1))
        rows, columns, must = self._drop_owners(rows, columns, must)
        answered = must | (requests["says"] == 1)
        self.lines["stranger"] |= find_strangers(
            rows, columns, answered[rows], self.lines, windows.low
        )
        ours = ~self.lines["stranger"][columns] | (requests["surplus"] & requests["shown"])[rows]
        rows, columns = rows[ours], columns[ours]
        silent = ~requests["shown"]
        silent[rows] = False
        self.elsewhere = find_elsewhere(rows, columns, silent, self.lines, windows)
        rows, columns = self._reach_elsewhere(rows, columns, silent)
        self.pairs = rows, columns
        found = assign(self.size, self.count, (rows, columns), must)
        served = self._serve_successes(rows, columns, must)
        state = np.where(found.possible | found.contradicted, _OPEN, _NONE)
        mine, theirs = self._left_to(rows, columns, served)
        good = self._alike(mine, accepts(self.lines["http_status"][theirs]))
        certain = served.certain & good & ~found.contradicted
        # What the sender saw answered has its line; but not where logs name nearly all others.
        seen = requests["says"] == 1
        named = np.count_nonzero(requests["shown"] & seen) > _NAMED * np.count_nonzero(seen)
        certain &= must | (seen & ~named) | self._lasting(found)
        if self.known.zone_doubted:
            certain &= must
            state[~must] = _OPEN
        state[certain] = _LINE
        state[must & (found.line < 0)] = _LACKING
        # This layer names these requests itself: they have their lines.
        state[requests["here"] & ~must] = _LINE
        stranger = self._foreign(state == _NONE, found)
        state[stranger != NONE] = _OPEN
        silent, spare = np.flatnonzero(state == _NONE), np.flatnonzero(self._spare(found))
        state[displaced(requests, self.lines, windows, silent, spare, self.known.tolerance)] = _OPEN
        self.pairs = self._left_to(rows, columns, found)
        line = np.where(certain, served.line, -1)
        crowd = np.bincount(found.component, minlength=self.size + self.count)
        lines = np.bincount(found.line_component, minlength=self.size + self.count)
        return {
            "state": state,
            "line": line,
            "again": self._sent_again(rows, columns, line),
            "score": np.where(
                served.named, 1.0, 1.0 / np.maximum(np.bincount(rows, minlength=self.size), 1)
            ),
            "told": served.named | self._alike(mine, self.lines["words"][theirs]),
            "component": found.component,
            "crowd": crowd[found.component],
            "lines": lines[found.component],
            "left_out": (found.line < 0) & (state == _OPEN),
            "stranger_id": np.where(stranger > 0, stranger, 0),
        }

    def _pair_late(self) -> tuple[Numbers, Numbers]:
        """Requests that the sender gave up, with lines that show this, or that show their start."""
        told = self.requests["http_status"]
        given_up = (self.requests["says"] == 2) & ((told < 0) | from_proxy(told))
        begun, own = self.lines["shows_start"], np.isin(self.lines["http_status"], OWN_ANSWERS)
        chosen, there = np.flatnonzero(given_up), np.flatnonzero(begun | own)
        lines, part = select(self.lines, there), select(self.requests, chosen)
        lines["logged_at"] = np.where(lines["shows_start"], lines["starts_at"], lines["logged_at"])
        near, far = pair(self.windows.low[chosen], self.windows.left[chosen], part, lines)
        late = self.lines["logged_at"][there[far]] > self.windows.high[chosen[near]]
        return chosen[near[late]], there[far[late]]

    def _pair_strayed(self) -> tuple[Numbers, Numbers]:
        """Requests that an inner layer shows at a path of no endpoint, with the lines of it."""
        chosen = np.flatnonzero(self.requests["strayed"])
        there = np.flatnonzero((self.lines["path_no"] < 0) & ~self.lines["stranger"])
        if not len(chosen) or not len(there):
            return NO_PAIRS
        part, lines = select(self.requests, chosen), select(self.lines, there)
        paths = np.concatenate([part["strayed"], lines["path"]])
        number = np.unique(paths, return_inverse=True)[1]
        part["path_no"], lines["path_no"] = np.split(number, [len(chosen)])
        near, far = pair(self.windows.low[chosen], self.windows.high[chosen], part, lines)
        return chosen[near], there[far]

    def _fit(self, rows: Numbers, columns: Numbers) -> tuple[Numbers, Numbers]:
        """The pairs whose line can be the answer that both sides tell of."""
        requests, lines, windows = self.requests, self.lines, self.windows
        told, seen = requests["http_status"][rows], requests["seen_status"][rows]
        status, says = lines["http_status"][columns], requests["says"][rows]
        own = np.isin(status, OWN_ANSWERS)
        # What stands before the receiver answers 502 to 504 (and beyond) for it, whatever it did.
        fits = (status < 0) | (told == status) | (told == NONE) & (accepts(status) | (says != 1))
        fits |= from_proxy(told)
        fits &= (status < 0) | (seen < 0) | (seen == status) | own | (told == status)
        at, starts = lines["logged_at"][columns], lines["starts_at"][columns]
        fits &= own | (at >= windows.seen_low[rows])
        timed = lines["shows_start"][columns] & (requests["seen_from"][rows] != NONE)
        fits &= ~timed | (starts <= requests["seen_from"][rows] + max(3 * SECOND, self.resolution))
        fits &= ~lines["begins"][columns] | (starts <= windows.left[rows])
        return rows[fits], columns[fits]

    def _drop_owners(
        self, rows: Numbers, columns: Numbers, must: Flags
    ) -> tuple[Numbers, Numbers, Flags]:
        """Leave out requests that this layer itself shows, if theirs are other lines than these.

        An application's own lines name the event, its server's access lines do not: they are the
        same requests. Where hardly any finds such a line, the nameless ones are of other requests.
        """
        here = self.requests["here"] & must
        finds = np.zeros(self.size, dtype=bool)
        finds[rows] = True
        if here.any() and 2 * np.count_nonzero(finds & here) < np.count_nonzero(here):
            kept = ~self.requests["here"][rows]
            return rows[kept], columns[kept], must & ~self.requests["here"]
        return rows, columns, must

    def _reach_elsewhere(
        self, rows: Numbers, columns: Numbers, silent: Flags
    ) -> tuple[Numbers, Numbers]:
        """Add the sender's requests to other paths, where no line of the path fits."""
        requests = self.requests
        near, far = self._pair_elsewhere(np.flatnonzero(silent))
        told, status = requests["http_status"][near], self.lines["http_status"][far]
        good = accepts(status) & (requests["says"][near] != 2)
        same = (told == status) | (told < 0) & good
        return np.concatenate([rows, near[same]]), np.concatenate([columns, far[same]])

    def _pair_elsewhere(self, chosen: Numbers) -> tuple[Numbers, Numbers]:
        """Requests and the sender's lines of other paths that came just then; late if given up."""
        part, there = select(self.requests, chosen), select(self.lines, self.elsewhere)
        part["path_no"] = np.zeros(len(chosen), dtype=np.int64)
        there["path_no"] = np.zeros(len(self.elsewhere), dtype=np.int64)
        if not len(chosen) or not len(self.elsewhere):
            return NO_PAIRS
        given_up = (part["says"] == 2) & (part["http_status"] < 0)
        high = np.where(given_up, self.windows.high[chosen], self.windows.tight[chosen])
        near, far = pair(self.windows.low[chosen], high, part, there)
        return chosen[near], self.elsewhere[far]

    def _left_to(
        self, rows: Numbers, columns: Numbers, found: Assignment
    ) -> tuple[Numbers, Numbers]:
        """The pairs whose line is not certainly another request's."""
        owner = np.full(self.count, NONE)
        owner[found.line[found.named]] = np.flatnonzero(found.named)
        left = (owner[columns] == NONE) | (owner[columns] == rows)
        return rows[left], columns[left]

    def _mark(self, chosen: Numbers) -> Flags:
        """Which lines are among those chosen."""
        flags = np.zeros(self.count, dtype=bool)
        flags[chosen] = True
        return flags

    def _alike(self, rows: Numbers, says: NDArray[Any]) -> Flags:
        """Whether all lines that are left to a request say the same."""
        _, word = np.unique(says, return_inverse=True)
        told = np.unique(word * self.size + rows) % self.size
        flags: Flags = np.bincount(told, minlength=self.size) < 2
        return flags

    def _lasting(self, found: Assignment) -> Flags:
        """Whether a line in the window can only be an exported event's: few like it are nobody's.

        Like it are those from its addresses, with the same kind of answer where the sender saw one.
        What is an event's that no export lists is nobody's, too.
        """
        spare = self._spare(found)
        unlisted = self.requests["surplus"] & self.requests["shown"] & ~self.requests["again"]
        theirs = found.line[unlisted]
        spare |= self._mark(theirs[theirs >= 0])
        rows, columns = self.pairs
        _, network = np.unique(self.lines["network"], return_inverse=True)
        kind = 11 * network + np.clip(self.lines["http_status"] // 100, -1, 9) + 1
        near, alike = (np.bincount(k, weights=spare)[k] for k in (network, kind))
        told = self.requests["http_status"][rows] >= 0
        strangers = np.zeros(self.size)
        np.maximum.at(strangers, rows, np.where(told, alike[columns], near[columns]))
        span = max(int(np.ptp(self.lines["logged_at"])), 1)
        width = self.windows.high - self.windows.low
        strangers += np.count_nonzero(theirs < 0)
        flags: Flags = strangers * (width / span) <= _MOST_STRANGERS
        return flags

    def _serve_successes(self, rows: Numbers, columns: Numbers, must: Flags) -> Assignment:
        """The assignments that serve, after what must have a line, what the sender saw succeed.

        That a request was answered is what the sender says; that a line is there for it, whoever
        else comes first, is what the log says; a line that tells of a failure without a status does
        not. All others get what is left.
        """
        first = must | (self.requests["says"] == 1)
        kept = first[rows] & (must[rows] | ~self.lines["failed"][columns])
        served = assign(self.size, self.count, (rows[kept], columns[kept]), must)
        settled = served.line >= 0
        timed = self.requests["attempted_until"] == NONE
        if not timed.all():
            # Nor does what tells no time take the line of an answer that the sender saw.
            kept = timed[rows]
            dated = assign(self.size, self.count, (rows[kept], columns[kept]), settled)
            settled = settled | dated.certain & (self.requests["http_status"] >= 0)
        whole = assign(self.size, self.count, (rows, columns), settled)
        certain = np.where(first, served.certain, whole.certain & ~whole.contradicted)
        return replace(whole, certain=certain & (whole.line >= 0))

    def _foreign(self, silent: Flags, found: Assignment) -> Numbers:
        """A line of an unknown address, or of another answer, that may be a silent request's.

        Such a line proves nothing, but it forbids to say that there is none. `NONE` without; the
        number of the receipt where it is a stranger's; else 0.
        """
        lines = self.lines
        result = np.full(self.size, NONE, dtype=np.int64)
        chosen = np.flatnonzero(silent)
        if not len(chosen):
            return result
        owned, part = found.taken, select(self.requests, chosen)
        # Of an event without attempts nobody knows when it was tried, and how often.
        later = np.where(part["says"] == 0, LATE_SECONDS * SECOND, 0)
        high = self.windows.high[chosen] + later
        near, far = pair(self.windows.low[chosen], high, part, lines)
        row = chosen[near]
        fits = np.zeros(len(row), dtype=bool)
        kept_rows, kept_columns = self._fit(row, far)
        size = np.int64(self.count)
        fits[np.isin(row * size + far, kept_rows * size + kept_columns)] = True
        stranger = lines["stranger"][far]
        contrary = ~stranger & ~owned[far]
        contrary &= (lines["logged_at"][far] <= self.windows.tight[row]) | (later[near] > 0)
        # Somebody's refusal is not the request that the sender saw unanswered.
        status = lines["http_status"][far]
        unseen = (self.requests["http_status"][row] < 0) & (status >= 0)
        alike = ~unseen | accepts(status) | np.isin(status, (408, 444)) | (status >= 499)
        usable = (stranger & fits & alike) | (contrary & ~fits)
        # Of several, the first in time stays.
        row, far, stranger = (values[usable][::-1] for values in (row, far, stranger))
        result[row] = np.where(stranger, lines["receipt_id"][far], 0)
        near, far = self._pair_elsewhere(chosen)
        result[near[~owned[far]]] = 0
        untold = chosen[part["says"] == 0]
        low, spare = self.windows.low[untold], np.flatnonzero(self._spare(found))
        near, _ = pair(low, low + _TRIED_FOR, select(self.requests, untold), select(lines, spare))
        result[untold[near]] = 0
        return result

    def _spare(self, found: Assignment) -> Flags:
        """Lines of an endpoint that no request needs, and that are no stranger's."""
        owned = self._mark(found.line[found.line >= 0])
        flags: Flags = ~owned & ~self.lines["stranger"] & (self.lines["path_no"] >= 0)
        return flags

    def _sent_again(self, rows: Numbers, columns: Numbers, line: Numbers) -> Numbers:
        """Lines that nobody owns, and that can only be a second request of one attempt.

        They are the sender's, and no other attempt is near. Where they are many, they are no
        accident: another list of the sender's is lacking, whose requests they are. Nor does one
        prove anything where requests are so dense that one of nobody's would lie as near.
        """
        again = np.full(self.size, -1, dtype=np.int64)
        owned = self._mark(line[line >= 0])
        alone = np.bincount(columns, minlength=self.count) == 1
        spare = self.lines["by_sender"] & ~owned & (self.lines["path_no"] >= 0)
        if np.count_nonzero(spare) > _MOST_REPEATS * np.count_nonzero(owned):
            return again
        chosen = (spare & alone)[columns] & (line[rows] >= 0)
        rows, columns = rows[chosen], columns[chosen]
        apart = np.abs(self.lines["logged_at"][columns] - self.lines["logged_at"][line[rows]])
        span = max(int(np.ptp(self.lines["logged_at"])), 1)
        chance = np.count_nonzero(owned) * 2 * (apart + self.resolution) / span
        near = (apart <= self.known.same_send) & (chance <= _MOST_CHANCE)
        again[rows[near]] = columns[near]
        return again

    def choices(self, decided: Columns) -> tuple[Numbers, Numbers]:
        """Pairs of requests and lines where the choice is not plain: of each the nearest few."""
        plain = (decided["state"] == _LINE) & (decided["crowd"] == 1) & (decided["lines"] == 1)
        rows, columns = self.pairs
        kept = ~plain[rows]
        rows, columns = rows[kept], columns[kept]
        at = np.where(
            self.requests["seen_from"] != NONE, self.requests["seen_from"], self.windows.low
        )
        order = np.lexsort((columns, abs(self.lines["logged_at"][columns] - at[rows]), rows))
        rows, columns = rows[order], columns[order]
        first = np.searchsorted(rows, rows, "left")
        near = np.arange(len(rows)) - first < _MOST_CANDIDATES
        return rows[near], columns[near]

    def _crowded(self, must: Flags) -> Columns:
        zeros = np.zeros(self.size, dtype=np.int64)
        return {
            "state": np.where(must, _LINE, _OPEN),
            "line": np.full(self.size, -1),
            "again": np.full(self.size, -1),
            "score": np.zeros(self.size),
            "told": np.zeros(self.size, dtype=bool),
            "component": zeros,
            "crowd": zeros + self.size,
            "lines": zeros + self.count,
            "left_out": np.zeros(self.size, dtype=bool),
            "stranger_id": zeros,
        }
