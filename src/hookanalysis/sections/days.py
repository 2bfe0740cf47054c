"""One day against the day before and the weeks before that: what is new, and what is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.facts.gathering import read_known
from hookanalysis.facts.history import find_changes
from hookanalysis.facts.measures import percent
from hookanalysis.facts.period import ask, day_bounds
from hookanalysis.markup import Block, Column, render, table
from hookanalysis.words import count, plural

from .lists import Listing

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.period import Period

WEEKS = 4  # that a day is compared with
_MEASURES = {
    "judged": "Judged",
    "missed": "Missed",
    "undetermined": "Could not be checked",
    "refused": "Refused",
    "unprocessed": "Unprocessed",
    "duplicated": "Duplicated",
}
_OPEN = Listing(
    "still_open",
    "Nothing is open.",
    (
        Column("outcome", "Outcome", "outcome"),
        Column("deliveries", "Open", "count"),
        Column("older", "Of these, from before that day", "count"),
        Column("oldest_at", "Oldest", "time"),
        Column("latest_at", "Latest", "time"),
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
    for key, label in _MEASURES.items():
        now, *numbers = [_number(row, key) for row in (today, *trailing)]
        row = {"measure": label, "today": count(now)}
        if trailing:
            row["before"] = count(_number(before, key)) if before else markup.ABSENT
            row["usual"] = _usual(numbers)
            row["words"] = "" if key == "judged" else _weigh(now, numbers)
        rows.append(row)
    columns = [
        Column("measure", "Of the deliveries"),
        Column("today", _name(last), "number"),
        Column("before", "Day before", "number", spared=True),
        Column("usual", f"Usual ({plural(len(trailing), 'day')})", "number", spared=True),
        Column("words", "Compared", spared=True),
    ]
    return table(rows, columns)


def news(ws: Database, period: Period) -> Block:
    """Findings that are new on the period's last day, those that go on, and, folded, the quiet."""
    last = _last_day(period)
    if last is None:
        return Block("", "")
    since, until = day_bounds(last, period.timezone)
    bounds = {"since": since, "until": until, "from": since - timedelta(weeks=WEEKS)}
    rows = ask(ws, "news", period, **bounds)
    known = read_known(ws)
    for row in rows:
        if row["state"] != "quiet" and known(row["rule_id"], row["endpoint_url"], last):
            row["state"] = "acknowledged"
    quiet = [row for row in rows if row["state"] == "quiet"]
    columns = [
        Column("state", "State"),
        Column("title", "Finding"),
        Column("severity", "Severity"),
        Column(lambda row: row["endpoint_url"] or "the logs as a whole", "Endpoint", "url"),
        Column("today", _name(last), "count"),
        Column("before", f"{WEEKS} weeks before", "count"),
        Column("before_at", "Last before", "time"),
    ]
    today = [row for row in rows if row["state"] != "quiet"]
    shown = table(today, columns, empty="No delivery of this day is part of a finding.")
    if not quiet:
        return shown
    words = f"{plural(len(quiet), 'finding')} of the {WEEKS} weeks before, quiet on this day"
    folded = table(quiet, columns)
    fold = render("fold", words=words, inner=folded.html)
    return shown + Block(fold, f"{words}:\n{folded.text}")


def still_open(ws: Database, period: Period) -> Block:
    """What had not arrived, or not for certain, at the end of the period: of it and before it."""
    last = _last_day(period)
    if last is None:
        return table([], [], empty=_OPEN.empty)
    return _OPEN(ws, _weeks(period, last), day_at=day_bounds(last, period.timezone)[0])


def changes(ws: Database, period: Period) -> Block:
    """Earlier days that are no longer as they were reported."""
    last = _last_day(period)
    found = find_changes(ws, last, period.timezone) if last else {}
    columns = [Column("day", "Day"), Column("how", "What has changed since it was reported")]
    rows = ({"day": f"{day:%A} {day.day} {day:%B}", "how": how} for day, how in found.items())
    empty = "No late log, export or resend has changed an earlier day."
    return table(rows, columns, empty=empty)


def _last_day(period: Period) -> date | None:
    """The last day that the period touches, by the reader's calendar."""
    return period.local(period.ends[1]).date() if period.ends else None


def _weeks(period: Period, last: date) -> Period:
    """The trailing weeks, up to the end of the day."""
    start, end = day_bounds(last, period.timezone)
    return replace(period, since=start - timedelta(weeks=WEEKS), until=end)


def _name(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _number(row: dict[str, Any] | None, key: str) -> int:
    if row is None:
        return 0
    number: int = row["judged"] if key == "judged" else (row["outcomes"] or {}).get(key, 0)
    return number


def _rate(*days: dict[str, Any] | None) -> str:
    rows = [row for row in days if row]
    return percent(sum(row["delivered"] for row in rows), sum(row["judged"] for row in rows))


def _usual(numbers: list[int]) -> str:
    span = f" ({count(min(numbers))}{markup.DASH}{count(max(numbers))})"
    return f"{count(median(numbers))}{span if min(numbers) < max(numbers) else ''}"


def _weigh(now: int, numbers: list[int]) -> str:
    if now > max(numbers):
        return f"the most in {plural(len(numbers) + 1, 'day')}"
    middle = median(numbers)
    return "more than usual" if now > middle else "less than usual" if now < middle else "as usual"
