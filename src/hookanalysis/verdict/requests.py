"""In which layer did each request leave a line? Layer by layer, from the inside out.

What an inner layer shows *must* have a line further out, wherever that layer's logs are whole; all
else *may* have one. `windows` says where in time, `assignment` what follows from it for certain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hookanalysis.database import sql_text
from hookanalysis.results import CANDIDATES, REQUESTS

from .assignment import Assignment, assign
from .windows import (
    LATE_SECONDS,
    NONE,
    OWN_ANSWERS,
    SECOND,
    CrowdedError,
    measure,
    pair,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookanalysis.database import Database

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Columns = dict[str, NDArray[Any]]

# From the inside out.
LAYERS = ("table", "queue", "app", "edge")

# What is said of a request in one layer. `line`: it has one; `none`: it has none; `open`: it may
# have; `lacking`: it must have one, and none fits (so the log lacks lines, or a window is wrong).
STATES = ("line", "none", "open", "lacking")
_LINE, _NONE, _OPEN, _LACKING = range(4)

# Chance that a line of somebody else lies in a window, above which a line proves nothing.
_MOST_STRANGERS = 0.005
# Share of lines sent twice above which they are another list's.
_MOST_REPEATS = 0.1
# So many candidate lines of a request are kept as evidence.
_MOST_CANDIDATES = 8
# A sender that posts to more other paths than this is no sender but a balancer.
_FEW_PATHS = 5
_NUMBERS = ("path_no", "attempted_at", "http_status", "seen_from", "seen_until", "seen_status")


def write_requests(db: Database) -> None:
    """Make `requests` and `candidates` of the lines that name no event; complete `matches`."""
    con = db.con
    for table in (REQUESTS, CANDIDATES):
        con.execute(f"DROP TABLE IF EXISTS {table.name}")
        con.execute(table.ddl)
    for layer in LAYERS:
        lines = _fetch(db, "assignment/tier_lines", layer)
        if not np.any(lines["path_no"] >= 0):
            continue
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE tier_requests AS {sql_text('assignment/tier_requests')}",
            {"layer": layer},
        )
        requests = _read_requests(db)
        if not len(requests["path_no"]):
            continue
        tier = _Tier(db, layer, requests, lines)
        _write(db, layer, tier, tier.decide())
    con.execute("DROP TABLE IF EXISTS temp.tier_requests")


def _fetch(db: Database, file: str, layer: str) -> Columns:
    return _plain(db.con.execute(sql_text(file), {"layer": layer}).fetchnumpy())


def _plain(columns: dict[str, Any]) -> Columns:
    """Columns without masks: a missing number is `NONE`, a missing flag false."""
    plain = {}
    for name, column in columns.items():
        values = column
        if isinstance(column, np.ma.MaskedArray):
            values = column.filled(NONE if column.dtype.kind == "i" else 0)
        plain[name] = np.asarray(values)
    return plain


def _read_requests(db: Database) -> Columns:
    query = """
        SELECT path_no, attempted_at, CAST(http_status AS BIGINT) AS http_status, seen_from,
          seen_until, CAST(seen_status AS BIGINT) AS seen_status, nth > 1 AS again,
          CAST(CASE status WHEN 'success' THEN 1 WHEN 'failed' THEN 2 ELSE 0 END AS BIGINT) AS says,
          CAST(latency_ms * 1000 AS BIGINT) AS latency_us, shown, here, stranger,
          attempted_at IS NULL AS surplus
        FROM tier_requests
        """
    return _plain(db.con.execute(query).fetchnumpy())


class _Tier:
    """One layer: its lines, what may have left them, and when its logs are whole."""

    def __init__(self, db: Database, layer: str, requests: Columns, lines: Columns) -> None:
        self.requests, self.lines = requests, lines
        self.size, self.count = len(requests["path_no"]), len(lines["path_no"])
        timeout, same_send, tolerance, self.zone_doubted = db.rows(
            """
            SELECT MAX(s.timeout_seconds), MAX(s.same_send_seconds),
              COALESCE(MAX(o.tolerance_ms) / 1000, MAX(s.tolerance_seconds)),
              COALESCE(BOOL_OR(o.method = 'times' AND o.zone_error_minutes IS NOT NULL), FALSE)
            FROM settings AS s
            LEFT JOIN clock_offsets AS o ON o.day IS NULL
              AND o.stream IN (SELECT stream FROM receipts WHERE layer = ?)
            """,
            [layer],
        )[0]
        self.timeout, self.same_send = int(timeout * SECOND), int(same_send * SECOND)
        self.resolution = int(lines["resolution_ms"].max(initial=0) * 1000)
        self.windows = measure(
            requests, lines, int(tolerance * SECOND), self.timeout, self.resolution
        )
        self.covered = self._cover(db, layer)
        self.pairs = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)

    def _cover(self, db: Database, layer: str) -> Flags:
        """Of each request: whether the layer's logs were whole all through its window."""
        rows = db.rows(
            """
            SELECT e.path_no, epoch_us(p.starts_at), epoch_us(p.ends_at)
            FROM proof_spans AS p JOIN endpoint_paths AS e ON e.endpoint_url = p.endpoint_url
            WHERE p.layer = ? AND p.ends_at > p.starts_at ORDER BY ALL
            """,
            [layer],
        )
        covered = np.zeros(self.size, dtype=bool)
        spans = np.array(rows, dtype=np.int64).reshape(-1, 3)
        for path in np.unique(spans[:, 0]):
            mine = spans[spans[:, 0] == path]
            chosen = np.flatnonzero(self.requests["path_no"] == path)
            place = np.searchsorted(mine[:, 1], self.windows.low[chosen], "right") - 1
            covered[chosen] = (place >= 0) & (mine[place, 2] >= self.windows.high[chosen])
        return covered

    def decide(self) -> Columns:
        """What is certain of each request; see `STATES`."""
        requests, windows = self.requests, self.windows
        must = requests["shown"] & self.covered
        try:
            rows, columns = self._fit(*pair(windows.low, windows.high, requests, self.lines))
        except CrowdedError:
            return self._crowded(must)
        rows, columns, must = self._drop_owners(rows, columns, must)
        ours = ~self.lines["stranger"][columns] | (requests["surplus"] & requests["shown"])[rows]
        rows, columns = rows[ours], columns[ours]
        self.elsewhere = self._find_elsewhere(rows, columns)
        rows, columns = self._reach_elsewhere(rows, columns)
        self.pairs = rows, columns
        found = assign(self.size, self.count, (rows, columns), must)
        served = self._serve_successes(rows, columns, must)
        state = np.full(self.size, _OPEN)
        state[~found.possible & ~found.contradicted] = _NONE
        certain = served.certain & self._alike(rows, columns) & ~found.contradicted
        certain &= must | (requests["says"] == 1) | self._lasting(found)
        if self.zone_doubted:
            certain &= must
            state[~must] = _OPEN
        state[certain] = _LINE
        state[must & (found.line < 0)] = _LACKING
        stranger = self._foreign(state == _NONE, found)
        state[stranger != NONE] = _OPEN
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
            "component": found.component,
            "crowd": crowd[found.component],
            "lines": lines[found.component],
            "left_out": (found.line < 0) & (state == _OPEN),
            "stranger_id": np.where(stranger > 0, stranger, 0),
        }

    def _fit(self, rows: Numbers, columns: Numbers) -> tuple[Numbers, Numbers]:
        """The pairs whose line can be the answer that both sides tell of."""
        requests, lines, windows = self.requests, self.lines, self.windows
        told, seen = requests["http_status"][rows], requests["seen_status"][rows]
        status, says = lines["http_status"][columns], requests["says"][rows]
        own = np.isin(status, OWN_ANSWERS)
        good = (status >= 200) & (status <= 299)
        # What stands before the receiver answers 502 to 504 (and beyond) for it, whatever it did.
        upstream = (told >= 502) & (told <= 504) | (told >= 520)
        fits = (status < 0) | (told == status) | upstream | (told == NONE) & (good | (says != 1))
        fits &= (status < 0) | (seen < 0) | (seen == status) | own | (told == status)
        at, starts = lines["logged_at"][columns], lines["starts_at"][columns]
        fits &= own | (at >= windows.seen_low[rows])
        timed = lines["shows_start"][columns] & (requests["seen_from"][rows] != NONE)
        fits &= ~timed | (starts <= requests["seen_from"][rows] + self._margin())
        return rows[fits], columns[fits]

    def _margin(self) -> int:
        return max(3 * SECOND, self.resolution)

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

    def _find_elsewhere(self, rows: Numbers, columns: Numbers) -> Numbers:
        """The sender's requests to other paths: an endpoint's URL may have been changed since.

        The sender is known by its addresses, as given, or as those lines show that leave no choice.
        """
        lines = self.lines
        lone = (np.bincount(rows, minlength=self.size)[rows] == 1) & (
            np.bincount(columns, minlength=self.count)[columns] == 1
        )
        networks, times = np.unique(lines["network"][columns[lone]], return_counts=True)
        foreign = np.flatnonzero((lines["path_no"] < 0) & ~lines["stranger"])
        learnt = []
        for network in networks[(times >= 3) & (networks != 0)]:
            theirs = foreign[lines["network"][foreign] == network]
            # Behind a balancer all clients have its address, and call very many paths.
            if len(np.unique(lines["path"][theirs])) <= _FEW_PATHS:
                learnt.append(theirs)
        return np.unique(np.concatenate([foreign[lines["by_sender"][foreign]], *learnt]))

    def _reach_elsewhere(self, rows: Numbers, columns: Numbers) -> tuple[Numbers, Numbers]:
        """Add the sender's requests to other paths, where no line of the path fits."""
        requests = self.requests
        silent = np.ones(self.size, dtype=bool)
        silent[rows] = False
        silent &= ~requests["shown"]
        near, far = self._pair_elsewhere(np.flatnonzero(silent))
        told, status = requests["http_status"][near], self.lines["http_status"][far]
        good = (status >= 200) & (status <= 299) & (requests["says"][near] != 2)
        same = (told == status) | (told < 0) & good
        return np.concatenate([rows, near[same]]), np.concatenate([columns, far[same]])

    def _pair_elsewhere(self, chosen: Numbers) -> tuple[Numbers, Numbers]:
        """Requests and the sender's lines of other paths that came just then."""
        part = {name: column[chosen] for name, column in self.requests.items()}
        part["path_no"] = np.zeros(len(chosen), dtype=np.int64)
        there = {name: column[self.elsewhere] for name, column in self.lines.items()}
        there["path_no"] = np.zeros(len(self.elsewhere), dtype=np.int64)
        if not len(chosen) or not len(self.elsewhere):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        near, far = pair(self.windows.low[chosen], self.windows.tight[chosen], part, there)
        return chosen[near], self.elsewhere[far]

    def _alike(self, rows: Numbers, columns: Numbers) -> Flags:
        """Whether all lines that may be the request's say the same of its acceptance."""
        status = self.lines["http_status"][columns]
        good = (status >= 200) & (status <= 299)
        yes = np.bincount(rows[good], minlength=self.size)
        flags: Flags = (yes == 0) | (yes == np.bincount(rows, minlength=self.size))
        return flags

    def _lasting(self, found: Assignment) -> Flags:
        """Whether a line in the request's window can only be an exported event's."""
        owned = np.zeros(self.count, dtype=bool)
        owned[found.line[found.line >= 0]] = True
        spare = ~owned & ~self.lines["stranger"] & (self.lines["path_no"] >= 0)
        unlisted = self.requests["surplus"] & self.requests["shown"] & ~self.requests["again"]
        strangers = np.count_nonzero(spare) + np.count_nonzero(unlisted)
        times = self.lines["logged_at"]
        span = max(int(times.max() - times.min()), 1)
        width = self.windows.high - self.windows.low
        flags: Flags = strangers * (width / span) <= _MOST_STRANGERS
        return flags

    def _serve_successes(self, rows: Numbers, columns: Numbers, must: Flags) -> Assignment:
        """The assignments that serve, after what must have a line, what the sender saw succeed.

        That a request was answered is what the sender says; that a line is there for it, whoever
        else comes first, is what the log says. All others get what is left.
        """
        first = must | (self.requests["says"] == 1)
        kept = first[rows]
        served = assign(self.size, self.count, (rows[kept], columns[kept]), must)
        whole = assign(self.size, self.count, (rows, columns), served.line >= 0)
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
        owned = np.zeros(self.count, dtype=bool)
        owned[found.line[found.named]] = True
        part = {name: column[chosen] for name, column in self.requests.items()}
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
        usable = (stranger & fits) | (contrary & ~fits)
        for place in np.flatnonzero(usable)[::-1]:
            result[row[place]] = lines["receipt_id"][far[place]] if stranger[place] else 0
        near, far = self._pair_elsewhere(chosen)
        result[near[~owned[far]]] = 0
        return result

    def _sent_again(self, rows: Numbers, columns: Numbers, line: Numbers) -> Numbers:
        """Lines that nobody owns, and that can only be a second request of one attempt.

        They are the sender's, and no other attempt is near. Where they are many, they are no
        accident: another list of the sender's is lacking, whose requests they are.
        """
        again = np.full(self.size, -1, dtype=np.int64)
        owned = np.zeros(self.count, dtype=bool)
        owned[line[line >= 0]] = True
        alone = np.bincount(columns, minlength=self.count) == 1
        spare = self.lines["by_sender"] & ~owned & (self.lines["path_no"] >= 0)
        if np.count_nonzero(spare) > _MOST_REPEATS * np.count_nonzero(owned):
            return again
        chosen = (spare & alone)[columns] & (line[rows] >= 0)
        rows, columns = rows[chosen], columns[chosen]
        apart = np.abs(self.lines["logged_at"][columns] - self.lines["logged_at"][line[rows]])
        near = apart <= self.same_send
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
            "component": zeros,
            "crowd": zeros + self.size,
            "lines": zeros + self.count,
            "left_out": np.zeros(self.size, dtype=bool),
            "stranger_id": zeros,
        }


def _write(db: Database, layer: str, tier: _Tier, decided: Columns) -> None:
    con = db.con
    choices = tier.choices(decided)
    line, again, score = (decided.pop(name) for name in ("line", "again", "score"))
    owners = np.concatenate([np.flatnonzero(line >= 0), np.flatnonzero(again >= 0)])
    owned = np.concatenate([line[line >= 0], again[again >= 0]])
    results = {
        **decided,
        "row_no": np.arange(tier.size),
        "covered": tier.covered,
        "low": tier.windows.low,
        "high": tier.windows.high,
    }
    con.register("decided", results)
    con.register(
        "owned",
        {
            "row_no": owners,
            "receipt_id": tier.lines["receipt_id"][owned],
            "score": score[owners].astype(float),
        },
    )
    try:
        con.execute(
            """
            CREATE OR REPLACE TEMP TABLE tier_results AS
            SELECT t.*, d.* EXCLUDE (low, high), make_timestamp(d.low) AS starts_at,
              make_timestamp(d.high) AS ends_at
            FROM tier_requests AS t POSITIONAL JOIN decided AS d
            """
        )
        con.execute("CREATE OR REPLACE TEMP TABLE tier_pairs AS FROM owned")
    finally:
        con.unregister("decided")
        con.unregister("owned")
    con.execute(
        """
        INSERT INTO requests
        SELECT $layer, event_uuid, endpoint_url, attempt_key, nth, shown, $states[state + 1],
          covered, starts_at, ends_at, component, crowd, lines, left_out,
          NULLIF(stranger_id, 0)
        FROM tier_results
        """,
        {"layer": layer, "states": list(STATES)},
    )
    _write_candidates(db, layer, choices[0], tier.lines["receipt_id"][choices[1]])
    con.execute(f"INSERT INTO matches {sql_text('assignment/tier_matches')}")
    for name in ("tier_results", "tier_pairs"):
        con.execute(f"DROP TABLE temp.{name}")


def _write_candidates(db: Database, layer: str, rows: Numbers, receipts: Numbers) -> None:
    db.con.register("choices", {"row_no": rows, "receipt_id": receipts})
    try:
        db.con.execute(
            """
            INSERT INTO candidates
            SELECT $layer, r.component, r.event_uuid, r.endpoint_url, r.attempt_key, r.nth,
              c.receipt_id
            FROM choices AS c
            JOIN tier_results AS r ON r.row_no = c.row_no
            """,
            {"layer": layer},
        )
    finally:
        db.con.unregister("choices")
