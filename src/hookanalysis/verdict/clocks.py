"""What the times of a log's lines tell without any name in them: its clock, and its silences.

A clock is off by the shift under which most requests have a line.

Of n gaps between lines that come at random with rate λ, the longest is about ln(n)/λ. A gap of more
than twice that is no ordinary silence. λ is the log's own around the gap: the slower of the hours
before and after. A log that beats regularly shows a silence much sooner; a log that comes in bursts
shows long gaps often, and only one longer than those is a hole. Where one file ends and the next
begins, lines are lost most easily: these few gaps are judged by themselves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hookanalysis.database import Database, sql_text

from .windows import (
    NONE,
    OWN_ANSWERS,
    SECOND,
    Columns,
    CrowdedError,
    Flags,
    Numbers,
    Windows,
    accepts,
    from_proxy,
    pair,
    select,
)

DAY = 86_400
# Zones differ by up to 14 hours from UTC, and clocks by minutes.
_REACH = 14 * 3600 + 1800
# Pairs that lie this close are of one shift: latency and whole seconds spread them.
_WIDTH = 3
# What is usual around a shift is told by so many seconds on both sides.
_AROUND = 60
# Fewer pairs show no shift.
_FEWEST = 5
# So many of the busiest days are enough to find it.
_DAYS = 8
# So many gaps on either side are the comparable time of a gap.
_NEIGHBOURS = 100
# A few other holes may lie close by; the longest gap beside them is what is ordinary.
_OTHER_HOLES = 3
# A clock steps, and what an export tells of the time is off, by no more than this unnoticed.
_STEP_SECONDS = 600


class Shift(NamedTuple):
    """How far a log's clock is ahead of the sender's, in seconds, and what that rests on."""

    seconds: int
    pairs: int


def write_clock_offsets(db: Database) -> None:
    """Make `clock_offsets`: measured on pairs; of logs whose requests name no event, on times."""
    db.make("clock_medians", sql_text("clocks/clock_medians"))
    query = """
        SELECT DISTINCT r.stream, r.path FROM receipts AS r
        JOIN endpoint_paths AS e ON e.path = r.path
        WHERE r.event_uuid IS NULL AND COALESCE(r.method, 'POST') IN ('POST', 'PUT')
          AND r.stream NOT IN (SELECT stream FROM clock_medians) ORDER BY ALL
        """
    paths: dict[str, list[str]] = {}
    for stream, path in db.rows(query):
        paths.setdefault(stream, []).append(path)
    for stream, names in paths.items():
        if found := find_shift([_moments(db, stream, path) for path in names]):
            db.con.execute(
                "INSERT INTO clock_medians BY NAME SELECT $stream AS stream, 'times' AS method,"
                " CAST($pairs AS BIGINT) AS pairs, $seconds * 1000.0 AS offset_ms",
                {"stream": stream, "pairs": found.pairs, "seconds": found.seconds},
            )
    db.make("clock_offsets", sql_text("clock_offsets"))
    db.con.execute("DROP TABLE temp.clock_medians")


def _moments(db: Database, stream: str, path: str) -> tuple[Numbers, Numbers]:
    """Seconds of the attempts and of the log's lines for one path.

    A line that was written when somebody gave up, and does not tell how long that took, says
    neither when the request came nor how far the clock is off; it counts where there are no others.
    """
    attempts = db.con.execute(
        """
        SELECT epoch(COALESCE(a.attempted_at, a.created_at))::BIGINT AS moment FROM attempts AS a
        JOIN endpoint_paths AS e ON e.endpoint_url = a.endpoint_url
        WHERE e.path = ? AND COALESCE(a.attempted_at, a.created_at) IS NOT NULL
          AND a.attempted_until IS NULL
          AND COALESCE(a.error_kind, '') NOT IN ('refused', 'dns', 'tls') ORDER BY moment
        """,
        [path],
    ).fetchnumpy()["moment"]
    lines = db.con.execute(
        """
        SELECT
          epoch(received_at)::BIGINT AS moment,
          duration_ms IS NULL AND http_status IN (408, 460, 499, 504) IS TRUE AS given_up
        FROM receipts
        WHERE stream = ? AND path = ? AND event_uuid IS NULL AND received_at IS NOT NULL
          AND COALESCE(method, 'POST') IN ('POST', 'PUT')
        ORDER BY moment
        """,
        [stream, path],
    ).fetchnumpy()
    moments = np.asarray(lines["moment"])
    answered = moments[~np.asarray(lines["given_up"])]
    return np.asarray(attempts), answered if len(answered) >= _FEWEST else moments


def find_shift(moments: list[tuple[Numbers, Numbers]]) -> Shift | None:
    """The shift of lines against attempts that stands out from all others, if there is one.

    Cross-correlation by the fast Fourier transform, day by day; pairs within a few seconds count
    together. A shift is as good as it has more pairs than is usual within a minute around it, for
    both sides are busy at the same hours. It stands out if chance does not give it, and the next
    best does not come near; within a minute, where slow answers spread the pairs, that is one half
    as good. Of each path, the attempts and the lines are given in seconds, sorted.
    """
    from scipy.ndimage import median_filter

    total, most = np.zeros(2 * _REACH + 1), 0
    for attempts, lines in moments:
        days, counts = np.unique(attempts // DAY, return_counts=True)
        for start in days[np.argsort(-counts, kind="stable")[:_DAYS]] * DAY:
            here = attempts[(attempts >= start) & (attempts < start + DAY)]
            there = lines[(lines >= start - _REACH) & (lines < start + DAY + _REACH)]
            if len(here) and len(there):
                total += _correlate(here - start, there - start + _REACH)
                most += min(len(here), len(there))
    if most < _FEWEST:
        return None
    summed = np.convolve(total, np.ones(_WIDTH), "full")[: len(total)]
    usual = median_filter(summed, 2 * _AROUND + 1)
    above = summed - usual
    best = int(above.argmax())
    count, chance = round(above[best]), usual[best]
    above[max(best - 2 * _WIDTH, 0) : best + 2 * _WIDTH + 1] = 0
    beside = round(above[max(best - _AROUND, 0) : best + _AROUND + 1].max())
    above[max(best - _AROUND, 0) : best + _AROUND + 1] = 0
    rival = round(above.max())
    if (
        count < max(_FEWEST, 0.3 * most)
        or count - rival < 4 * np.sqrt(rival + chance + 1)
        or beside > count / 2
    ):
        return None
    return Shift(best - _WIDTH // 2 - _REACH, count)


def _correlate(attempts: Numbers, lines: Numbers) -> NDArray[np.float64]:
    """How many pairs of an attempt and a line lie s - _REACH seconds apart, for each s."""
    size = 1 << int(np.ceil(np.log2(DAY + 2 * _REACH)) + 1)
    one = np.bincount(attempts, minlength=size).astype(float)
    other = np.bincount(lines, minlength=size).astype(float)
    product = np.fft.irfft(np.conj(np.fft.rfft(one)) * np.fft.rfft(other), size)
    result: NDArray[np.float64] = np.rint(product[: 2 * _REACH + 1])
    return result


def displaced(
    requests: Columns,
    lines: Columns,
    windows: Windows,
    silent: Numbers,
    spare: Numbers,
    tolerance: int,
) -> Numbers:
    """Requests without a line near which lines lie that are nobody's.

    Of one that nobody is known to have answered, any may be its line: when it was sent, and how
    long the sender waited, is only what the export and the settings say. Of answered ones, more of
    them must lie near than by chance: a clock has stepped or drifted. `silent` are the requests
    that have no line, `spare` the lines that no request needs; microseconds.
    """
    told, says = requests["http_status"], requests["says"]
    open_ended = (says == 2) & ((told < 0) | from_proxy(told))
    answered = ~open_ended & ((told >= 0) | (says == 1))
    timed = requests["attempted_at"] != NONE
    chosen: Numbers = silent[((open_ended | answered) & timed)[silent]]
    part, there = select(requests, chosen), select(lines, spare)
    reach = max(tolerance, _STEP_SECONDS * SECOND)
    low, high = windows.low[chosen] - reach, windows.high[chosen] + reach
    try:
        rows, columns = pair(low, high, part, there)
    except CrowdedError:
        return chosen
    free = open_ended[chosen]
    told, status = part["http_status"][rows], there["http_status"][columns]
    fits = (status < 0) | (told == status) | (told < 0) & accepts(status)
    fits |= free[rows] & (accepts(status) | np.isin(status, OWN_ANSWERS))
    near: Flags = np.bincount(rows[fits], minlength=len(chosen)) > 0
    steady, count = ~free, np.count_nonzero(near & ~free)
    span = max(int(np.ptp(lines["logged_at"])), 1)
    chance = float(np.sum(1 - np.exp(-len(spare) * (high - low)[steady] / span)))
    likely = count > 10 * chance or (count >= 3 and count > 2 * chance)
    found: Numbers = chosen[near & (free | likely)]
    return found


def write_live_spans(db: Database) -> None:
    """Make `live_spans`: the stretches of each receiver's log without a hole or a lost line."""
    longest = db.rows("SELECT heartbeat_minutes * 60 FROM settings")[0][0]
    query = """
        SELECT g.stream, a.generation_id, epoch_us(a.minute_at) AS minute_at, a.seconds, a.records,
          epoch_us(a.first_at) AS first_at, epoch_us(a.last_at) AS last_at,
          MIN(epoch_us(a.first_at)) OVER (PARTITION BY g.stream, a.minute_at) AS begun_at
        FROM activity AS a JOIN generations AS g USING (generation_id)
        WHERE g.side = 'receiver' ORDER BY g.stream, minute_at
        """
    minutes = db.con.execute(query).fetchnumpy()
    losses = db.con.execute(
        "SELECT stream, epoch_us(starts_at) AS starts_at, epoch_us(ends_at) AS ends_at"
        " FROM log_holes ORDER BY ALL"
    ).fetchnumpy()
    names = np.asarray(minutes["stream"], dtype=object)
    found: list[tuple[str, int, int, int]] = []
    for name in dict.fromkeys(names):
        mine = np.flatnonzero(names == name)
        part = {key: np.asarray(column)[mine] for key, column in minutes.items()}
        active = active_seconds(part["minute_at"] // SECOND, part["seconds"])
        starts, ends = split(active, find_holes(active, longest, _seams(active, part)))
        starts, ends = (starts + 1) * SECOND, ends * SECOND
        starts[0] = part["first_at"].min()
        ends[-1] = part["last_at"].max()
        lost = np.asarray(losses["stream"], dtype=object) == name
        cut = np.stack([losses["starts_at"][lost], losses["ends_at"][lost]], axis=1)
        for start, end in _without(starts, ends, np.asarray(cut, dtype=np.int64)):
            inside = (part["begun_at"] >= start) & (part["begun_at"] <= end)
            found.append((name, start, end, int(part["records"][inside].sum())))
    stream, starts_at, ends_at, records = zip(*found, strict=True) if found else ((), (), (), ())
    db.con.execute(
        """
        CREATE OR REPLACE TEMP TABLE live_spans AS
        SELECT g.layer, s.stream, make_timestamp(s.starts_at) AS starts_at,
          make_timestamp(s.ends_at) AS ends_at, s.records
        FROM (
          SELECT UNNEST($1::VARCHAR[]) AS stream, UNNEST($2::BIGINT[]) AS starts_at,
            UNNEST($3::BIGINT[]) AS ends_at, UNNEST($4::BIGINT[]) AS records
        ) AS s
        JOIN (SELECT stream, MAX(layer) AS layer FROM generations WHERE side = 'receiver'
          GROUP BY stream) AS g ON g.stream = s.stream
        """,
        [list(stream), list(starts_at), list(ends_at), list(records)],
    )


def active_seconds(minutes: Numbers, masks: NDArray[np.uint64]) -> Numbers:
    """The seconds in which a log has lines, from the bits of each minute, which rise; sorted."""
    first = np.flatnonzero(np.diff(minutes, prepend=minutes[:1] - 1))
    masks = np.bitwise_or.reduceat(masks, first)
    bits = (masks[:, None] >> np.arange(60, dtype=np.uint64)) & np.uint64(1)
    row, second = np.nonzero(bits)
    return minutes[first][row] + second


def _seams(active: Numbers, minutes: dict[str, NDArray[Any]]) -> Flags:
    """Which gaps between active seconds no single file was written both before and after."""
    _, file = np.unique(minutes["generation_id"], return_inverse=True)
    first = np.full(file.max() + 1, np.iinfo(np.int64).max)
    last = np.zeros(len(first), dtype=np.int64)
    np.minimum.at(first, file, minutes["first_at"] // SECOND)
    np.maximum.at(last, file, minutes["last_at"] // SECOND)
    change = np.zeros(len(active) + 1, dtype=np.int64)
    np.add.at(change, np.searchsorted(active, first), 1)
    np.add.at(change, np.searchsorted(active, last), -1)
    flags: Flags = np.cumsum(change)[: len(active) - 1] <= 0
    return flags


def find_holes(active: Numbers, longest: float, seams: Flags | None = None) -> Numbers:
    """Places i where the silence between `active[i]` and `active[i + 1]` is no ordinary one.

    `active` are seconds with lines, sorted. More than `longest` seconds of silence never count as
    ordinary; `seams` says which gaps lie between two files.
    """
    gaps = np.diff(active)
    count = len(gaps)
    if not count:
        return np.empty(0, dtype=np.int64)
    place = np.arange(count)
    before = np.maximum(place - _NEIGHBOURS, 0)
    after = np.minimum(place + 1 + _NEIGHBOURS, count)
    # Mean gap on either side; where a side has none, the other's.
    with np.errstate(invalid="ignore", divide="ignore"):
        earlier = (active[place] - active[before]) / (place - before)
        later = (active[after] - active[place + 1]) / (after - place - 1)
    mean = np.fmax(earlier, later)
    mean = np.where(np.isnan(mean), gaps, mean)
    seam = np.zeros(count, dtype=bool) if seams is None else seams
    among = np.where(seam, max(int(seam.sum()), 10), max(count, 10))
    bound = np.minimum(2 * np.log(among) * mean, longest)
    # Where at most a few gaps exceed twice the mean, the log beats regularly.
    wide = np.concatenate([[0], np.cumsum(gaps > 2 * mean)])
    others = wide[after] - wide[before] - (gaps > 2 * mean)
    regular = (after - before > _NEIGHBOURS) & (others <= _OTHER_HOLES)
    suspect: list[int] = np.flatnonzero((gaps > bound) | (regular & (gaps > 3 * mean))).tolist()
    usual = 1.5 - 0.5 * seam
    holes = [
        i
        for i in suspect
        if gaps[i] > min(_ordinary(gaps, i, bound[i], regular[i], usual[i]), longest)
    ]
    return np.array(holes, dtype=np.int64)


def _ordinary(gaps: Numbers, place: int, bound: float, regular: np.bool_, times: float) -> float:
    """The longest gap that is ordinary around one place: so many times the long ones there."""
    near = np.concatenate(
        [gaps[max(place - _NEIGHBOURS, 0) : place], gaps[place + 1 : place + 1 + _NEIGHBOURS]]
    )
    if len(near) <= _OTHER_HOLES:
        return bound
    usual = float(np.partition(near, -1 - _OTHER_HOLES)[-1 - _OTHER_HOLES])
    return 3 * usual if regular else max(bound, times * usual)


def split(active: Numbers, holes: Numbers) -> tuple[Numbers, Numbers]:
    """First and last second of each stretch between holes."""
    starts = active[np.concatenate([[0], holes + 1])]
    ends = active[np.concatenate([holes, [len(active) - 1]])]
    return starts, ends


def _without(starts: Numbers, ends: Numbers, cut: Numbers) -> list[tuple[int, int]]:
    """Stretches without the losses that lie in them."""
    spans: list[tuple[int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        at = start
        inside = cut[(cut[:, 0] <= end) & (cut[:, 1] >= start)]
        for lost_from, lost_until in inside[np.argsort(inside[:, 0])].tolist():
            if lost_from > at:
                spans.append((at, lost_from))
            at = max(at, lost_until)
        if end > at:
            spans.append((at, end))
    return spans
