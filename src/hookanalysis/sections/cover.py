"""The top of a report: the period, what happened in a few words, and the numbers side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hookanalysis import markup, words
from hookanalysis.errors import InputError
from hookanalysis.facts.gathering import check_results
from hookanalysis.facts.period import ask, day_bounds, say_days
from hookanalysis.markup import ABSENT, FACTS_MIME, Block, Column, render, table
from hookanalysis.words import PHRASES, WORDS, count, percent, plural, say, say_badge, sentence

from .findings import group
from .lists import STREAK, answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts
    from hookanalysis.facts.period import Period
    from hookanalysis.verdict.findings import Finding

_TROUBLE = "what-to-resend"  # the section that lists them

# The outcome whose colour it takes, what is counted, the number, what stands under it, and the id
# of the section that it leads to (None: nowhere).
Tile = tuple[str, str, str, str, str | None]


def top(
    facts: Facts,
    badge: tuple[str, str],
    said: dict[str, str],
    tiles: Iterable[Tile],
    name: str = "",
) -> Block:
    """The first block of a report. It also carries the facts, from which `facts.json` is written.

    The badge is its level and its words; `said` are paragraphs, by their class; `name` stands
    before the period.
    """
    when = f"{name}{facts.period.words}"
    badges = [badge, ("info", PHRASES["sample"])] if facts.sample else [badge]
    around = {"when": when, "zone": facts.period.zone, "badges": badges}
    page = render("top", **around, said=said, tiles=[*tiles], absent=ABSENT)
    return Block(page, f"{when}: {' '.join(said.values())}".strip(), {FACTS_MIME: facts.to_dict()})


def cover(facts: Facts) -> Block:
    """The top of a report on all deliveries."""
    judged, delivered = facts.headline.judged, facts.headline.delivered
    level = facts.worst or ("warning" if delivered < judged else None)
    said = {
        "headline": facts.period.say_times(facts.say_headline()),
        "also": facts.say_also(see=": see Data"),
    }
    return top(facts, say_badge(level, judged), said, _tiles(facts))


def _tiles(facts: Facts) -> Iterable[Tile]:
    head, unchecked, harmful = facts.headline, facts.unchecked, facts.duplicates.harmful

    def tell(outcome: str) -> Tile:
        number = facts.count(outcome)
        share = f"{percent(number, head.judged)} · " if head.judged and number else ""
        words = say(outcome, "tiles")
        return outcome, outcome.capitalize(), count(number), f"{share}{words}", _TROUBLE

    yield tell("missed")
    # A limit, not one more sum: the missed are among them.
    missed = f"the {count(head.missed)} missed" if head.missed else ""
    most, small = count(head.possibly_missed), "nothing to check"
    if unchecked:
        most = f"\N{LESS-THAN OR EQUAL TO} {most}"
        small = f"{missed}{missed and ' and '}{count(unchecked)} that could not be checked"
    elif head.judged:
        small = f"{missed}{missed and '; '}everything could be checked"
    yield "undetermined", "Possibly missed", most, small, "what-could-not-be-known"
    shown, small = count(head.delivered), "accepted at least once"
    if 2 * head.checked < head.judged:
        small = f"of {count(head.checked)} that could be checked"
    elif head.judged:
        shown, small = percent(head.delivered, head.judged), f"{shown} of {count(head.judged)}"
    yield "delivered", "Delivered", shown, small, "outcomes"
    twice = tell("duplicated")
    if harmful:
        twice = (*twice[:3], f"{plural(harmful, 'delivery')} processed more than once", twice[4])
    yield twice
    yield tell("refused")
    yield tell("unprocessed")


def health(ws: Database, facts: Facts) -> Block:
    """The top of a report on endpoints."""
    failing = len(ask(ws, "failing", facts.period, streak=STREAK))
    attempts, failed, unanswered = (
        sum(getattr(entry, name) for entry in facts.endpoints)
        for name in ("attempts", "failed", "unanswered")
    )
    lags = [entry.lag_p95_ms for entry in facts.endpoints if entry.lag_p95_ms is not None]
    known = plural(sum(1 for entry in facts.endpoints if entry.endpoint_url), "endpoint")
    told = f"{percent(failed, attempts)} failed." if failed else "none failed."
    headline = f"{known}, {plural(attempts, 'attempt')}: {told}" if attempts else answers.empty
    if failing:
        headline += f" Failing now: {plural(failing, 'endpoint')}."
    worst = "critical" if failing else "warning" if failed else None
    share, of = percent(failed, attempts), f"{count(failed)} of {count(attempts)}"
    slow = markup.lag(max(lags, default=None))
    tiles: list[Tile] = [
        ("missed", "Failing now", count(failing), "in all latest attempts", "consistently-failing"),
        ("refused", "Attempts failed", share, of, "errors"),
        ("undetermined", "No answer", count(unanswered), "time-outs and the like", "errors"),
        ("delivered", "Lag", slow, "95 % arrive within, at the slowest endpoint", "latency"),
        ("recovered", "Test events", count(facts.totals.tests), "left out", "test-events"),
    ]
    return top(facts, say_badge(worst, attempts), {"headline": headline}, tiles)


@dataclass(frozen=True)
class Incident:
    """One run of failures. `since` and `until` (exclusive) are what to ask the facts for.

    Without a run (number 0), all that was not simply delivered stands in its place, however
    scattered. Without that (failed 0), its time is all there is.
    """

    number: int = 0
    endpoint: str = ""  # its URL; its host where it was server-wide; empty: several
    since: datetime | None = None
    until: datetime | None = None
    deliveries: int = 0
    failed: int = 0
    still_open: bool = False
    statuses: str = ""


def pick_incident(ws: Database, number: int = 0) -> Incident:
    """An incident by its number; 0: the one that left most undelivered, or scattered failures.

    Raises:
        InputError: There are no results, or no such incident; lists those that there are.
    """
    check_results(ws)
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


def letterhead(
    facts: Facts,
    title: str = "",
    customer: str = "",
    author: str = "",
    note: str = "",
    made: str = "",
) -> Block:
    """Whose report this is: its title, whom it is for, who made it when, and a paragraph of theirs.

    Args:
        facts: What it is about.
        title: A title of its own; by default what was seen, where and when.
        customer: Whom it is for.
        author: Who signs it.
        note: A paragraph of its own.
        made: The date on it, such as 2026-11-29; today by default.

    Raises:
        InputError: `made` is no date.
    """
    day, _ = day_bounds(made or datetime.now(ZoneInfo(facts.period.timezone)).date())
    said = (
        customer and f"For {customer}",
        author and f"By {author}",
        f"Made on {say_days(day, day)} with hookanalysis {facts.versions.hookanalysis}",
    )
    if not title and facts.findings:
        first, *others = (one for one, _ in group(facts))
        seen = first.seen or first.title
        if sum(found.deliveries for found in others) > first.deliveries:
            seen = "Several failures"
        place = markup.endpoint(facts.period.endpoint) if facts.period.endpoint else ""
        title = sentence(", ".join(filter(None, (seen, place, facts.period.words))))
    told = {"title": title, "by": " · ".join(filter(None, said)), "note": note}
    return Block(render("letterhead", **told), "\n".join(filter(None, told.values())))


def summary(ws: Database, facts: Facts, incident: Incident) -> Block:
    """The incident in a paragraph of plain English, and its numbers side by side."""
    if not incident.failed:
        if facts.unchecked or not facts.headline.judged:
            return cover(facts)
        return top(facts, say_badge(None, 1), {"headline": PHRASES["no_incident"]}, ())
    (touched,) = ask(ws, "totals", facts.period)
    told = {words: facts.count(name) for name, words in WORDS["after_all"].items()}
    told[WORDS["after_all"]["unacknowledged"]] -= facts.unanswered
    back = sum(told.values())
    ways = ", ".join(w if n == back else f"{n:,} {w}" for w, n in told.items() if n)
    lost = sum(facts.count(name) for name in ("missed", "refused", "unprocessed"))
    unsure = f"Over; {count(facts.unchecked)} not known" if facts.unchecked else "Over"
    level = "critical" if incident.still_open or lost else "warning" if facts.unchecked else "good"
    over = f"Over; {count(lost)} to resend" if lost else unsure
    failed = "Failed at first" if incident.number else "In trouble"
    share = f"{percent(incident.failed, incident.deliveries)} of {count(incident.deliveries)} tried"
    tiles: list[Tile] = [
        ("missed", failed, count(incident.failed), share, None),
        ("recovered", "Delivered after all", count(back), ways, "delivered-after-all"),
        ("refused", "Still to resend", count(lost), "not delivered so far", "what-to-resend"),
        ("undetermined", "Not known", count(facts.unchecked), "the logs cannot tell", None),
        ("delivered", "Events", count(touched["troubled_events"]), "affected", "who-is-affected"),
    ]
    return top(
        facts,
        (level, "Still failing" if incident.still_open else over),
        {"lead": " ".join(_tell(facts, incident, touched, (back, ways), lost))},
        tiles,
        f"Incident {incident.number} · " if incident.number else "Scattered failures · ",
    )


def _tell(
    facts: Facts, incident: Incident, touched: dict[str, Any], back: tuple[int, str], lost: int
) -> list[str]:
    where = markup.endpoint(incident.endpoint, 120) if incident.endpoint else "several endpoints"
    all_ = "all" if incident.failed == incident.deliveries else f"{incident.failed:,} of"
    tried = f"{all_} {plural(incident.deliveries, 'webhook')} for {where}"
    said = [f"{_say_span(incident, facts.period)}, {tried} {_say_failure(incident)}."]
    if not incident.number:
        said.append("They are spread over time rather than one outage.")
    causes = [one for one, _ in group(facts) if one.deliveries and one.cause != "logs"]
    if causes := causes[: 1 if causes and causes[0].deliveries >= incident.failed else 3]:
        told = "; ".join(_say_cause(found, incident.failed) for found in causes)
        said.append(f"Most likely {'cause' if len(causes) == 1 else 'causes'}: {told}.")
    of = f" of {plural(n, 'transaction')}" if (n := touched["troubled_transactions"]) else ""
    events = touched["troubled_events"]
    told = f"{plural(events, 'event')}{of} {'is' if events == 1 else 'are'} affected."
    more = events - incident.failed
    said.append(f"With {more:,} more of that time, {told}" if more > 0 else told)
    if back[0]:
        were = "was" if back[0] == 1 else "were"
        said.append(f"{count(back[0])} {were} delivered after all: {back[1]}.")
    if lost:
        verb = "has" if lost == 1 else "have"
        what = "been processed" if facts.count("unprocessed") else "been delivered"
        then = " once the endpoint works again" if incident.still_open else ""
        now = facts.resends.resend or lost
        how = f"; {now:,} can be resent now" if now < lost else f" and can be resent{then}"
        said.append(f"{count(lost)} {verb} not {what} so far{how}.")
    elif not facts.unchecked:
        said.append("Nothing is left to resend.")
    if number := facts.unchecked:
        said.append(f"For {count(number)}, the logs at hand cannot tell.")
    if incident.still_open:
        said.append("The endpoint had not recovered when the logs end.")
    return said


def _say_cause(found: Finding, failed: int) -> str:
    """A cause, what was seen of it, and of how many, where it explains only some."""
    some = plural(found.deliveries, "webhook") if found.deliveries < failed else ""
    seen = ", ".join(filter(None, (found.seen, some)))
    return found.title[:1].lower() + found.title[1:] + (f" ({seen})" if seen else "")


def _say_span(incident: Incident, period: Period) -> str:
    first, last = (period.local(at) for at in (incident.since, incident.until) if at)
    zone = "UTC" if period.timezone == "UTC" else "local time"
    start, end, day = f"{first:%H:%M}", f"{last:%H:%M}", say_days(first, first)
    if first.date() != last.date():
        return f"Between {start} on {day} and {end} on {say_days(last, last)} ({zone})"
    return f"On {day}{f' at {start}' if start == end else f', between {start} and {end}'} ({zone})"


def _say_failure(incident: Incident) -> str:
    """How they failed at first: `failed at first (error 502 or time-out)`."""
    if not incident.number:
        return "ran into trouble"
    given = filter(None, words.say_answers(incident.statuses))
    told = [f"error {part}" if part.isdigit() else part for part in given][:3]
    if told and all(part.startswith("2") for part in told):
        return "were answered with success but never processed"
    return f"failed at first ({' or '.join(told)})" if told else "failed at first"


def moments(ws: Database, period: Period) -> Block:
    """What happened when, in a few lines."""
    (row,) = ask(ws, "moments", period)
    numbers = {name: value for name, value in row.items() if not name.endswith("_at")}
    told = WORDS["moments"].items()
    rows = [{"at": row[k], "what": what.format(**numbers)} for k, what in told if row[k]]
    rows.sort(key=lambda step: step["at"])
    columns = [Column("at", "Time", "time"), Column("what", "What happened")]
    empty = "The sender's exports show no failed attempt in this time."
    return table(rows if row["bad_from_at"] else [], columns, empty=empty)
