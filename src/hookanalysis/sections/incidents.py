"""One incident, told so that it can be sent to the people whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.errors import InputError
from hookanalysis.facts.measures import percent
from hookanalysis.facts.period import ask, say_days
from hookanalysis.markup import FACTS_MIME, Block, Column, table
from hookanalysis.words import count, plural, say_answers

from .cover import Tile, top

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts
    from hookanalysis.facts.period import Period

_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, naive; nothing falls into this day


@dataclass(frozen=True)
class Incident:
    """One run of failures. `since` and `until` (exclusive) are what to ask the facts for.

    Without a run (number 0), all that was not simply delivered stands in its place, however
    scattered. Without that (failed 0), its time is one that nothing falls into.
    """

    number: int = 0
    endpoint: str = ""  # its URL; its host where it was server-wide; empty: several
    since: datetime = _NEVER
    until: datetime = _NEVER + timedelta(days=1)
    deliveries: int = 0
    failed: int = 0
    still_open: bool = False
    statuses: str = ""


def pick_incident(ws: Database, number: int = 0) -> Incident:
    """An incident by its number; 0: the one that left most undelivered, or scattered failures.

    Raises:
        InputError: There is no such incident; lists those that there are.
    """
    found = ask(ws, "incidents", most=1000)
    row = next((row for row in found if number in {0, row["incident_id"]}), None)
    if row is None and number:
        known = ", ".join(str(n) for n in sorted(row["incident_id"] for row in found)[:50])
        hint = f"one of: {known}" if known else "leave the number out to report what failed"
        raise InputError(f"there is no incident {number}", hint=hint)
    row = row or next(iter(ask(ws, "scattered")), None)
    if row is None:
        return Incident()
    return Incident(
        number=row.get("incident_id", 0),
        endpoint=row["place"],
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
    (touched,) = ask(ws, "totals", facts.period)
    back = sum(facts.count(name) for name in ("recovered", "duplicated", "unacknowledged"))
    lost = sum(facts.count(name) for name in ("missed", "refused", "unprocessed"))
    level = "critical" if incident.still_open or lost else "good"
    over = f"Over; {count(lost)} to resend" if lost else "Over"
    failed = "Failed at first" if incident.number else "Not simply delivered"
    share = f"{percent(incident.failed, incident.deliveries)} of those tried"
    events = count(touched["troubled_events"])
    tiles: list[Tile] = [
        ("missed", failed, count(incident.failed), share, None),
        ("recovered", "Arrived after all", count(back), "accepted by now", "recovered"),
        ("refused", "Without effect", count(lost), "can be resent", "what-to-resend"),
        ("undetermined", "Not known", count(facts.unchecked), "the logs cannot tell", None),
        ("delivered", "Events", events, "concerned", "impact"),
    ]
    return top(
        facts,
        (level, "Still failing" if incident.still_open else over),
        {"lead": " ".join(_tell(facts, incident, touched, back, lost))},
        tiles,
        f"Incident {incident.number} · " if incident.number else "Scattered failures · ",
    )


def _tell(
    facts: Facts, incident: Incident, touched: dict[str, Any], back: int, lost: int
) -> list[str]:
    where = markup.endpoint(incident.endpoint, 120) if incident.endpoint else "several endpoints"
    all_ = "all" if incident.failed == incident.deliveries else f"{incident.failed:,} of"
    tried = f"{all_} {plural(incident.deliveries, 'webhook')} for {where}"
    said = [f"{_say_span(incident, facts.period)}, {tried} {_say_failure(incident)}."]
    if not incident.number:
        said.append("They were scattered, and no run of failures.")
    if facts.findings:
        first = facts.findings[0]
        said.append(f"Most likely cause: {first.title[:1].lower()}{first.title[1:]}.")
    transactions = touched["troubled_transactions"]
    of = f" of {plural(transactions, 'transaction')}" if transactions else ""
    said.append(f"This concerns {plural(touched['troubled_events'], 'event')}{of}.")
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
        start = f"Between {first:%H:%M} on {say_days(first, first)}"
        return f"{start} and {last:%H:%M} on {say_days(last, last)} ({zone})"
    day = say_days(first, first)
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
    (row,) = ask(ws, "moments", period)
    worked = count(row["resends_succeeded"])
    steps = {
        "good_before_at": "The last success before it.",
        "bad_from_at": "The first failure.",
        "bad_to_at": f"The last failure in it; {plural(row['failures'], 'try', 'tries')}.",
        "good_after_at": "The first success after it.",
        "resent_from_at": "The first of the failed events was tried again.",
        "resent_to_at": f"The latest such try; {worked} of {count(row['resends'])} succeeded.",
    }
    rows = [{"at": row[name], "what": what} for name, what in steps.items() if row[name]]
    rows.sort(key=lambda step: step["at"])
    columns = [Column("at", "Time", "time"), Column("what", "What happened")]
    empty = "The sender's exports show no failed attempt in this time."
    return table(rows if row["bad_from_at"] else [], columns, empty=empty)
