"""A log's clock without any name in it: the shift under which most requests have a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hookanalysis.database import sql_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookanalysis.database import Database

    Numbers = NDArray[np.int64]

SECOND = 1_000_000
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
    as good.

    Args:
        moments: Of each path the attempts and the lines, in seconds, sorted.
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
