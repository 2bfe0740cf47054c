"""When a log was surely being written: silences judged by that log's own pace.

Of n gaps between lines that come at random with rate λ, the longest is about ln(n)/λ. A gap of more
than twice that is no ordinary silence. λ is the log's own around the gap: the slower of the hours
before and after. A log that beats regularly shows a silence much sooner; a log that comes in bursts
shows long gaps often, and only one longer than those is a hole. Where one file ends and the next
begins, lines are lost most easily: these few gaps are judged by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookanalysis.database import Database

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

SECOND = 1_000_000
# So many gaps on either side are the comparable time of a gap.
_NEIGHBOURS = 100
# A few other holes may lie close by; the longest gap beside them is what is ordinary.
_OTHER_HOLES = 3


def write_live_spans(db: Database) -> None:
    """Make `live_spans`: the stretches of each receiver's log without a hole or a lost line."""
    longest = db.rows("SELECT heartbeat_minutes * 60 FROM settings")[0][0]
    query = """
        SELECT g.stream, a.generation_id, epoch_us(a.minute_at) AS minute_at, a.seconds, a.records,
          epoch_us(a.first_at) AS first_at, epoch_us(a.last_at) AS last_at
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
        starts = np.maximum((starts + 1) * SECOND, part["first_at"].min())
        starts[0] = part["first_at"].min()
        ends = ends * SECOND
        ends[-1] = part["last_at"].max()
        lost = np.asarray(losses["stream"], dtype=object) == name
        cut = np.stack([losses["starts_at"][lost], losses["ends_at"][lost]], axis=1)
        for start, end in _without(starts, ends, np.asarray(cut, dtype=np.int64)):
            inside = (part["first_at"] >= start) & (part["first_at"] <= end)
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

    Args:
        active: Seconds with lines, sorted.
        longest: Silence in seconds that never counts as ordinary.
        seams: Which gaps lie between two files; None: none does.
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
