"""One period against another: a day and the weeks before it, and what is left of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.errors import InputError
from hookanalysis.facts.gathering import facts, find_changes
from hookanalysis.facts.period import ask, day_bounds
from hookanalysis.markup import Block, Column, table
from hookanalysis.tables import OUTCOMES
from hookanalysis.words import PHRASES, WORDS, count, percent, plural, sentence

from .lists import Listing

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts
    from hookanalysis.facts.period import Period

WEEKS = 4  # that a day is compared with
_OPEN = Listing(
    "still_open",
    "Nothing is open.",
    (
        Column("outcome", "Outcome", "outcome"),
        Column("deliveries", "Open", "count"),
        Column("older", "Older", "count"),
        Column("oldest_at", "Oldest", "time"),
    ),
    "Still open",
)


def comparison(ws: Database, period: Period) -> Block:
    """The period's last day, the day before, and the usual day of the trailing weeks."""
    last = _last_day(period)
    if last is None:
        return table([], [], empty="No day to compare.")
    days = {row["step"].date(): row for row in ask(ws, "days", _weeks(period, last))}
    today, before = days.get(last), days.get(last - timedelta(days=1))
    trailing = [row for day, row in sorted(days.items()) if day < last]
    rows = [{"measure": "Delivered", "today": _rate(today)}]
    if trailing:
        rows[0] |= {"before": _rate(before), "usual": _rate(*trailing), "words": ""}
    for key, label in WORDS["measures"].items():
        now, *numbers = [_number(row, key) for row in (today, *trailing)]
        row = {"measure": label, "today": count(now)}
        if trailing:
            row["before"] = count(_number(before, key)) if before else markup.ABSENT
            low, high = min(numbers), max(numbers)
            span = f" ({count(low)}{markup.ABSENT}{count(high)})" if low < high else ""
            row["usual"] = f"{count(median(numbers))}{span}"
            row["words"] = _weigh(now, numbers) if today and key != "judged" else ""
        rows.append(row)
    columns = [
        Column("measure", "Of the deliveries"),
        Column("today", f"{last:%a} {last.day} {last:%b}", "number"),
        Column("before", "Day before", "number", spared=True),
        Column("usual", f"Usual ({plural(len(trailing), 'day')})", "number", spared=True),
        Column("words", "Compared", spared=True),
    ]
    return table(rows, columns)


def and_before(ws: Database, now: Facts) -> tuple[Facts, Facts | None]:
    """The facts, and those of the time of the same length before; None where there is none.

    Where all is asked for, nothing is before it: then, its last day and the day before.
    """
    period, last = now.period, _last_day(now.period)
    if last is None or not period.ends:
        return now, None
    only = {key: getattr(period, key) for key in ("endpoint", "event_type", "timezone")}
    if not period.since:
        since, until = day_bounds(last, period.timezone)
        now = facts(ws, since=since, until=until, **only)
    start = now.period.since or period.ends[0]
    length = (now.period.until or period.ends[1]) - start
    try:
        return now, facts(ws, since=start - length, until=start, **only)
    except InputError:  # before what was reconciled
        return now, None


def side_by_side(one: Facts, other: Facts | None) -> Block:
    """Two periods beside each other, such as those of two days: outcomes, attempts and lag.

    Args:
        one: `ws.facts(day="2026-11-20")`.
        other: What it is held against.
    """
    if other is None:
        return table([], [], empty="Nothing is known of the time before.")
    sides = (("one", one), ("other", other))
    rows: list[dict[str, Any]] = [
        {"measure": "Judged", **{key: count(f.headline.judged) for key, f in sides}},
        {
            "measure": sentence(PHRASES["delivered"]),
            **{key: percent(f.headline.delivered, f.headline.judged) for key, f in sides},
        },
    ]
    for name, meaning in OUTCOMES.items():
        numbers = {key: count(f.count(name)) for key, f in sides}
        if set(numbers.values()) != {"0"}:
            rows.append({"measure": name, "meaning": meaning, **numbers})
    failed = {key: (sum(e.failed for e in f.endpoints), f.totals.attempts) for key, f in sides}
    rows.append({"measure": "Attempts failed", **{k: percent(*v) for k, v in failed.items()}})
    columns = [
        Column("measure", "Of the deliveries"),
        Column("one", one.period.words, "number"),
        Column("other", other.period.words, "number"),
        Column("meaning", "Meaning"),
    ]
    return table(rows, columns)


def still_open(ws: Database, period: Period) -> Block:
    """What had not arrived, or not for certain, at the end of the period: of it and before it."""
    last = _last_day(period)
    if last is None:
        return table([], [], empty=_OPEN.empty)
    return _OPEN(ws, _weeks(period, last), day_at=day_bounds(last, period.timezone)[0])


def changes(ws: Database, period: Period) -> Block:
    """Earlier days that are no longer as they were reported; where there is none, no room."""
    last = _last_day(period)
    found = find_changes(ws, last, period.timezone) if last else {}
    columns = [Column("day", "Day"), Column("how", "What has changed since it was reported")]
    rows = ({"day": f"{day:%A} {day.day} {day:%B}", "how": how} for day, how in found.items())
    return table(rows, columns) if found else Block("", "No earlier day has changed.")


def _last_day(period: Period) -> date | None:
    """The last day that the period touches, by the reader's calendar."""
    return period.local(period.ends[1]).date() if period.ends else None


def _weeks(period: Period, last: date) -> Period:
    """The trailing weeks, up to the end of the day."""
    start, end = day_bounds(last, period.timezone)
    return replace(period, since=start - timedelta(weeks=WEEKS), until=end)


def _number(row: dict[str, Any] | None, key: str) -> int:
    counts = (row["outcomes"] or {}) | {"judged": row["judged"]} if row else {}
    return int(counts.get(key, 0))


def _rate(*days: dict[str, Any] | None) -> str:
    rows = [row for row in days if row]
    return percent(sum(row["delivered"] for row in rows), sum(row["judged"] for row in rows))


def _weigh(now: int, numbers: list[int]) -> str:
    if now > max(numbers):
        return f"the most in {plural(len(numbers) + 1, 'day')}"
    middle = median(numbers)
    return "more than usual" if now > middle else "less than usual" if now < middle else "as usual"
