"""Spans of time: their union, their gaps, and how much of a period a stream can testify for."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .measures import Hole, Period, StreamCoverage, share

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_HOLES = 20

Span = tuple[datetime, datetime]


def measure_coverage(rows: list[tuple[Any, ...]], period: Period) -> tuple[StreamCoverage, ...]:
    """How much of the period each stream can testify for, from the rows of `facts/coverage`."""
    start = period.since or period.first_at
    end = period.until or max((at for at in (period.last_at, period.horizon) if at), default=None)
    streams: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        streams[row[:3]].append(row[3:])
    return tuple(
        _measure_stream(name, intervals, (start, end) if start and end and start < end else None)
        for name, intervals in streams.items()
    )


def _measure_stream(
    name: tuple[str, ...], rows: list[tuple[Any, ...]], period: Span | None
) -> StreamCoverage:
    covered = [(row[1], row[2]) for row in rows if row[3]]
    breaks = [(row[1], row[2], row[4]) for row in rows if not row[3]]
    first_at = min((start for start, _ in covered), default=None)
    last_at = max((end for _, end in covered), default=None)
    holes: list[Span] = []
    if period:
        uncovered = gaps(covered, period)
        broken = [(max(s, period[0]), min(e, period[1])) for s, e, _ in breaks]
        holes = merge([*uncovered, *(span for span in broken if span[0] < span[1])])
    whole = _seconds(period) if period else 0.0
    seconds = whole - sum(_seconds(hole) for hole in holes)
    longest = sorted(holes, key=lambda hole: (-_seconds(hole), hole))[:MAX_HOLES]
    return StreamCoverage(
        side=name[0],
        layer=name[1],
        stream=name[2],
        completeness="+".join(sorted({row[0] for row in rows if row[3] and row[0]})),
        starts_at=first_at,
        ends_at=last_at,
        covered_share=share(seconds, whole),
        covered_seconds=seconds,
        hole_count=len(holes),
        holes=tuple(
            Hole(*hole, _seconds(hole), _name_hole(hole, breaks, covered, name[0]))
            for hole in sorted(longest)
        ),
    )


def _name_hole(
    hole: Span, breaks: list[tuple[datetime, datetime, str]], covered: list[Span], side: str
) -> str:
    overlaps = [
        (min(end, hole[1]) - max(start, hole[0]), reason)
        for start, end, reason in breaks
        if start < hole[1] and end > hole[0]
    ]
    if overlaps:
        return max(overlaps)[1]
    if side == "sender":
        return "sender_window"
    if all(hole[1] <= start for start, _ in covered):
        return "before_first_log"
    return "after_last_log" if all(hole[0] >= end for _, end in covered) else "no_liveness"


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that neither touch nor overlap, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def gaps(covered: list[Span], period: Span) -> list[Span]:
    """What `covered` leaves open of a period, in order."""
    found, reached = [], period[0]
    for start, end in merge(covered):
        if start > reached and reached < period[1]:
            found.append((reached, min(start, period[1])))
        reached = max(reached, end)
    return [*found, (reached, period[1])] if reached < period[1] else found


def _seconds(span: Span) -> float:
    return (span[1] - span[0]).total_seconds()
