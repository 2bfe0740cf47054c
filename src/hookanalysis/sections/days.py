"""One day against the day before and the weeks before that: what is new, and what is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.facts.gathering import day_bounds
from hookanalysis.facts.measures import percent
from hookanalysis.markup import Block, Column, count, table

if TYPE_CHECKING:
    from datetime import date, datetime

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

WEEKS = 4  # that a day is compared with
_MEASURES = (
    ("judged", "Judged", 0),
    ("missed", "Missed", 1),
    ("undetermined", "Could not be checked", 1),
    ("refused", "Refused", 1),
    ("unprocessed", "Unprocessed", 1),
    ("duplicated", "Duplicated", 1),
)


def comparison(ws: Database, period: Period) -> Block:
    """The period's last day, the day before, and the usual day of the trailing weeks."""
    last = _last_day(period)
    if last is None:
        return Block('<p class="hk-empty">No day to compare.</p>', "No day to compare.")
    wide = _weeks(period, last)
    days = {row["step_at"].date(): row for row in ask_rows(ws, "days", wide, zone=period.timezone)}
    today = days.get(last, {})
    before = days.get(last - timedelta(days=1), {})
    trailing = [row for day, row in sorted(days.items()) if day < last]
    rows = [
        {
            "measure": "Delivered",
            "today": _rate(today),
            "before": _rate(before),
            "usual": _usual_rate(trailing),
            "words": "",
        }
    ]
    for key, label, is_trouble in _MEASURES:
        numbers = [row[key] for row in trailing]
        now = today.get(key, 0)
        rows.append(
            {
                "measure": label,
                "today": count(now),
                "before": count(before[key]) if before else markup.ABSENT,
                "usual": _usual(numbers),
                "words": _weigh(now, numbers) if is_trouble else "",
            }
        )
    columns = [
        Column("measure", "Of the deliveries"),
        Column("today", f"{last:%a} {last.day} {last:%b}", "number"),
    ]
    if trailing:
        columns += [
            Column("before", "Day before", "number"),
            Column("usual", f"Usual ({markup.plural(len(trailing), 'day')})", "number"),
            Column("words", "Compared"),
        ]
    return table(rows, columns)


def news(ws: Database, period: Period) -> Block:
    """Findings that are new on the period's last day, those that go on, and, folded, the quiet."""
    last = _last_day(period)
    if last is None:
        return Block("", "")
    since, until = day_bounds(last, period.timezone)
    start = since - timedelta(weeks=WEEKS)
    bounds = {"since": since, "until": until, "from": start}
    rows = [
        {
            **row,
            "state": "new" if not row["before"] else "ongoing" if row["today"] else "quiet",
            "endpoint_url": row["endpoint_url"] or "the logs as a whole",
        }
        for row in ask_rows(ws, "news", period, **bounds)
    ]
    rows.sort(key=lambda row: row["state"] != "new")
    quiet = [row for row in rows if row["state"] == "quiet"]
    columns = [
        Column("state", "State"),
        Column("title", "Finding"),
        Column("severity", "Severity"),
        Column("endpoint_url", "Endpoint", "url"),
        Column("today", f"{last:%a} {last.day} {last:%b}", "count"),
        Column("before", f"{WEEKS} weeks before", "count"),
        Column("before_at", "Last before", "time"),
    ]
    today = [row for row in rows if row["state"] != "quiet"]
    shown = table(today, columns, empty="No delivery of this day is part of a finding.")
    if not quiet:
        return shown
    words = f"{markup.plural(len(quiet), 'finding')} of the {WEEKS} weeks before, quiet on this day"
    folded = table(quiet, columns)
    fold = f"<details><summary>{words}</summary>{folded.html}</details>"
    return Block(shown.html + fold, f"{shown.text}\n{words}:\n{folded.text}")


def settled(ws: Database, period: Period, *, limit: int = 50) -> Block:
    """Deliveries that had failed and arrived in the period: what the resends brought."""
    found = ask_rows(ws, "settled", period, most=limit)
    columns = [
        Column("event_uuid", "Event and its type", "id", under="event_type"),
        Column("endpoint_url", "Endpoint", "url"),
        Column("first_attempt_at", "First attempt", "time"),
        Column("accepted_at", "Accepted", "time"),
        Column("lag_ms", "After", "ms"),
    ]
    empty = "No earlier failure was made good."
    return table(found, columns, caption="Arrived after a failure", empty=empty)


def still_open(ws: Database, period: Period) -> Block:
    """What had not arrived, or not for certain, at the end of the period: of it and before it."""
    last = _last_day(period)
    if last is None:
        return Block('<p class="hk-empty">Nothing is open.</p>', "Nothing is open.")
    start, _ = day_bounds(last, period.timezone)
    rows = ask_rows(ws, "still_open", _weeks(period, last), day_at=start)
    columns = [
        Column("outcome", "Outcome", "outcome"),
        Column("deliveries", "Open", "count"),
        Column("older", "Of these, from before that day", "count"),
        Column("oldest_at", "Oldest", "time"),
        Column("latest_at", "Latest", "time"),
    ]
    return table(rows, columns, caption="Still open", empty="Nothing is open.")


def _last_day(period: Period) -> date | None:
    """The last day that the period touches, by the reader's calendar."""
    end = period.until - timedelta(microseconds=1) if period.until else period.last_at
    return period.local(end).date() if end else None


def _weeks(period: Period, last: date) -> Period:
    """The trailing weeks, up to the end of the day."""
    start, end = day_bounds(last, period.timezone)
    first: datetime = start - timedelta(weeks=WEEKS)
    return replace(period, since=first, until=end)


def _rate(row: dict[str, Any]) -> str:
    return percent(row["delivered"], row["judged"]) if row else markup.ABSENT


def _usual_rate(rows: list[dict[str, Any]]) -> str:
    return percent(sum(row["delivered"] for row in rows), sum(row["judged"] for row in rows))


def _usual(numbers: list[int]) -> str:
    if not numbers:
        return markup.ABSENT
    span = f" ({count(min(numbers))}{markup.DASH}{count(max(numbers))})"
    return f"{count(median(numbers))}{span if min(numbers) < max(numbers) else ''}"


def _weigh(now: int, numbers: list[int]) -> str:
    if not numbers:
        return "no day before it"
    if now > max(numbers):
        return f"the most in {markup.plural(len(numbers) + 1, 'day')}"
    middle = median(numbers)
    return "more than usual" if now > middle else "less than usual" if now < middle else "as usual"
