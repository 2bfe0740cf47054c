"""One incident, told so that it can be sent to the people whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.errors import InputError
from hookanalysis.facts.measures import percent
from hookanalysis.markup import FACTS_MIME, Block, Column, count, escape, plural, table
from hookanalysis.words import say_answers
from hookanalysis.zones import name_zone

from .overview import tile

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts, Period

# What becomes of a failed delivery, as far as the incident is concerned.
_BACK = ("recovered", "duplicated", "unacknowledged")
_OPEN = ("missed", "refused", "unprocessed")
_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, naive; nothing falls into this day


@dataclass(frozen=True)
class Incident:
    """One run of failures. `since` and `until` (exclusive) are what to ask the facts for.

    Without a run (number 0), all that was not simply delivered stands in its place, however
    scattered. Without that (failed 0), its time is one that nothing falls into.
    """

    number: int
    endpoint: str  # its URL; its host where it was server-wide; empty: several
    since: datetime
    until: datetime
    deliveries: int
    failed: int
    still_open: bool
    statuses: str


def pick_incident(ws: Database, number: int = 0) -> Incident:
    """An incident by its number; 0: the one that left most undelivered, or scattered failures.

    Raises:
        InputError: There is no such incident; lists those that there are.
    """
    found = ask_rows(ws, "incidents", most=1000) if ws.has("incidents") else []
    row = next((row for row in found if number in {0, row["incident_id"]}), None)
    if row is None and number:
        known = ", ".join(str(n) for n in sorted(row["incident_id"] for row in found)[:50])
        hint = f"one of: {known}" if known else "leave the number out to report what failed"
        raise InputError(f"there is no incident {number}", hint=hint)
    row = row or next(iter(ask_rows(ws, "scattered")), None)
    if row is None:
        never = (_NEVER, _NEVER + timedelta(days=1))
        return Incident(0, "", *never, 0, 0, still_open=False, statuses="")
    return Incident(
        number=row.get("incident_id", 0),
        endpoint=row["endpoint_url"] or row.get("host") or "",
        since=row["starts_at"],
        until=row["ends_at"] + timedelta(milliseconds=1),
        deliveries=row["deliveries"],
        failed=row["failed"],
        still_open=bool(row.get("still_open")),
        statuses=row.get("statuses") or "",
    )


def keep_own(facts: Facts, incident: Incident) -> Facts:
    """The facts without findings that are neither about its deliveries nor about its endpoint."""
    own = (f for f in facts.findings if f.deliveries or (f.endpoint_url and incident.failed))
    return replace(facts, findings=tuple(own))


def summary(ws: Database, facts: Facts, incident: Incident) -> Block:
    """The incident in a paragraph of plain English, and its numbers side by side."""
    if not incident.failed:
        words = "Every delivery that can be judged was simply delivered: there is no incident."
        return Block(f'<p class="hk-headline">{words}</p>', words, {FACTS_MIME: facts.to_dict()})
    period = facts.period
    (touched,) = ask_rows(ws, "touched", period)
    back = sum(facts.count(name) for name in _BACK)
    lost = sum(facts.count(name) for name in _OPEN)
    unclear = facts.unchecked
    said = _tell(facts, incident, touched, back, lost)
    level = "critical" if incident.still_open or lost else "good"
    over = f"Over; {count(lost)} to resend" if lost else "Over"
    badge = "Still failing" if incident.still_open else over
    share = percent(incident.failed, incident.deliveries)
    failed = "Failed at first" if incident.number else "Not simply delivered"
    tiles = [
        tile("missed", failed, count(incident.failed), f"{share} of those tried", None),
        tile("recovered", "Arrived after all", count(back), "accepted by now", "recovered"),
        tile("refused", "Without effect", count(lost), "can be resent", "what-to-resend"),
        tile("undetermined", "Not known", count(unclear), "the logs cannot tell", None),
        tile("delivered", "Events", count(touched["events"]), "concerned", "impact"),
    ]
    name = f"Incident {incident.number}" if incident.number else "Scattered failures"
    page = (
        f'<p class="hk-when">{name} · {escape(markup.period_days(period))}'
        f' <span class="hk-zone">{escape(name_zone(period.timezone, period.last_at))}</span>'
        f' <span class="hk-badge hk-{level}">{badge}</span></p>'
        f'<p class="hk-lead">{escape(" ".join(said), 3000)}</p>'
        f'<div class="hk-numbers">{"".join(tiles)}</div>'
    )
    return Block(page, " ".join(said), {FACTS_MIME: facts.to_dict()})


def _tell(
    facts: Facts, incident: Incident, touched: dict[str, Any], back: int, lost: int
) -> list[str]:
    period = facts.period
    where = markup.endpoint(incident.endpoint, 120) if incident.endpoint else "several endpoints"
    all_ = "all" if incident.failed == incident.deliveries else f"{incident.failed:,} of"
    tried = f"{all_} {plural(incident.deliveries, 'webhook')} for {where}"
    said = [f"{_say_span(incident, period)}, {tried} {_say_failure(incident)}."]
    if not incident.number:
        said.append("They were scattered, and no run of failures.")
    if facts.findings:
        first = facts.findings[0]
        said.append(f"Most likely cause: {first.title[:1].lower()}{first.title[1:]}.")
    events = f"This concerns {plural(touched['events'], 'event')}"
    transactions = plural(touched["transactions"], "transaction")
    said.append(f"{events} of {transactions}." if touched["transactions"] else f"{events}.")
    if back:
        said.append(f"{count(back)} arrived after all.")
    if lost:
        verb = "has" if lost == 1 else "have"
        what = "had no effect so far" if facts.count("unprocessed") else "not been delivered"
        said.append(f"{count(lost)} {verb} {what} and can be resent.")
    elif not facts.unchecked:
        said.append("Nothing is left to resend.")
    if number := facts.unchecked:
        said.append(f"Of {count(number)} the logs at hand cannot tell whether they arrived.")
    if incident.still_open:
        said.append("The endpoint had not recovered when the logs end.")
    return said


def _say_span(incident: Incident, period: Period) -> str:
    first, last = period.local(incident.since), period.local(incident.until)
    zone = "UTC" if period.timezone == "UTC" else "local time"
    if first.date() != last.date():
        start = f"Between {first:%H:%M} on {markup.days(first, first)}"
        return f"{start} and {last:%H:%M} on {markup.days(last, last)} ({zone})"
    day = markup.days(first, first)
    if f"{first:%H:%M}" == f"{last:%H:%M}":
        return f"On {day} at {first:%H:%M} ({zone})"
    return f"On {day}, between {first:%H:%M} and {last:%H:%M} ({zone})"


def _say_failure(incident: Incident) -> str:
    """How they failed at first: `failed at first (502 or time-out)`."""
    if not incident.number:
        return "were not simply delivered"
    answers = say_answers(incident.statuses)
    told = [part for part in answers if part and not part.startswith("2")][:3]
    silent = any(part.startswith("2") for part in answers)
    if silent and not told:
        return "were answered with success, and nothing came of it"
    told += ["success without effect"] if silent else []
    return f"failed at first ({' or '.join(told)})" if told else "failed at first"


def moments(ws: Database, period: Period) -> Block:
    """What happened when, in a few lines."""
    (row,) = ask_rows(ws, "moments", period)
    worked = count(row["resends_succeeded"])
    steps = [
        (row["good_before"], "The last success before it."),
        (row["bad_from"], "The first failure."),
        (row["bad_to"], f"The last failure in it; {plural(row['failures'], 'try', 'tries')}."),
        (row["good_after"], "The first success after it."),
        (row["resent_from"], "The first of the failed events was tried again."),
        (row["resent_to"], f"The latest such try; {worked} of {count(row['resends'])} succeeded."),
    ]
    failed = row["bad_from"] is not None
    rows = [{"at": at, "what": what} for at, what in steps if failed and at is not None]
    rows.sort(key=lambda step: step["at"])
    columns = [Column("at", "Time", "time"), Column("what", "What happened")]
    return table(rows, columns, empty="The sender's exports show no failed attempt in this time.")


def impact(ws: Database, period: Period) -> Block:
    """Whom it concerns: events and transactions, by type and by what became of them."""
    rows = ask_rows(ws, "impact", period)
    columns = [
        Column("event_type", "Event type"),
        Column("outcome", "What became of it", "outcome"),
        Column("deliveries", "Deliveries", "count"),
    ]
    if any(row["events"] != row["deliveries"] for row in rows):
        columns.append(Column("events", "Events", "count"))
    if any(row["transactions"] for row in rows):
        columns.append(Column("transactions", "Transactions", "count"))
    return table(rows, columns, empty="No delivery was in trouble in this period.")


def incidents(ws: Database, period: Period | None = None, *, limit: int = 20) -> Block:
    """The runs of failures of a period, the worst first; their numbers name them in reports."""
    found = ask_rows(ws, "incidents", period, most=limit) if ws.has("incidents") else []
    rows = [
        {
            **row,
            "where": row["endpoint_url"] or row["host"] or "several endpoints",
            "lasts": (row["ends_at"] - row["starts_at"]).total_seconds() * 1000,
            "state": "still failing" if row["still_open"] else "over",
            "answers": ", ".join(say_answers(row["statuses"])),
        }
        for row in found
    ]
    columns = [
        Column("incident_id", "No.", "count"),
        Column("where", "Endpoint", "url"),
        Column("starts_at", "From", "time"),
        Column("lasts", "Lasted", "ms"),
        Column("failed", "Failed", "count"),
        Column("recovered", "Recovered", "count"),
        Column("answers", "Answers"),
        Column("state", "State"),
    ]
    return table(rows, columns, empty="No run of failures in this period.")
