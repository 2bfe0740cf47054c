"""What was found, and what to do about it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.facts.period import ask, pick_outcomes
from hookanalysis.markup import ATTACHED, CSV_MIME, Block, Column, render, table
from hookanalysis.outputs import no_formula
from hookanalysis.verdict.findings import SEVERITIES
from hookanalysis.words import PHRASES, count, plural, say, say_evidence, say_line, sentence

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts
    from hookanalysis.facts.period import Period
    from hookanalysis.verdict.findings import Finding


MAX_PLACES = 6  # endpoints named in one finding
MOST = 10  # findings that show at once; the others are folded
_LINES = [
    Column("stance", "Speaks", spared=True),
    Column("happened_at", "Time in the log", "time"),
    Column(lambda row: say_evidence(row["rule_id"], row), "What the line says"),
    Column(
        lambda row: row["file"] and f"{markup.short_path(row['file'])}:{row['line']}",
        "File and line",
    ),
]
MAX_ATTACHED = 10_000  # deliveries whose lines are attached
_SHEET = ("event_uuid", "outcome", "time_in_the_log", "log", "says", "file", "line")


def findings(facts: Facts, *, opened: bool = False) -> Block:
    """What was found, the most severe first: a line each, which opens to its case.

    Args:
        facts: What was found, and where.
        opened: Show the first case at once.
    """
    if not facts.findings:
        if facts.totals.deliveries:
            return table([], [], empty="Nothing to do: nothing wrong was found.")
        return table([], [], empty="Nothing could be judged, so nothing was found.")
    counts = facts.resends
    told = (
        (counts.resend, f"Resend {plural(counts.resend, 'event')} now."),
        (counts.wait, f"Wait with {counts.wait:,}, for the reasons in the list."),
        (counts.do_not_resend, f"Leave {counts.do_not_resend:,} alone, which arrived."),
    )
    advice = " ".join(words for number, words in told if number)
    shown = [_tell(one, entries, facts.period) for one, entries in group(facts)]
    sentences = [f"{c['badge']}: {c['title']} ({c['case']}). Next: {c['next']}" for c in shown]
    page = render("findings", advice=advice, cases=shown, opened=opened, most=MOST)
    return Block(page, markup.tame(" ".join([advice, *sentences]).strip(), 10_000))


def group(facts: Facts) -> list[tuple[Finding, list[Finding]]]:
    """The findings of each rule, as one and one by one: the severe, sure and frequent first."""
    rules: dict[tuple[str, str], list[Finding]] = {}
    for found in facts.findings:
        rules.setdefault((found.rule_id, found.acknowledged), []).append(found)
    pairs = []
    for own in rules.values():
        unlike = {frozenset(entry.seen.split()): entry.seen for entry in own if entry.seen}
        seen = " or ".join(dict.fromkeys(" or ".join([*unlike.values()][:2]).split(" or ")))
        pairs.append((replace(own[0], deliveries=sum(e.deliveries for e in own), seen=seen), own))
    return sorted(pairs, key=lambda pair: _weigh(pair[0]))


def _weigh(one: Finding) -> tuple[object, ...]:
    doubts = (bool(one.rank), bool(one.against), -one.deliveries)
    return bool(one.acknowledged), -SEVERITIES.index(one.severity), *doubts


def _tell(first: Finding, entries: list[Finding], period: Period) -> dict[str, Any]:
    """What a card shows of one rule's findings; the case is that of the first endpoint."""
    seen, number = period.say_times(first.seen), first.deliveries
    span = period.say_span(
        min((e.first_at for e in entries if e.first_at), default=None),
        max((e.last_at for e in entries if e.last_at), default=None),
    )
    case = (seen, number and plural(number, "delivery"), span)
    known, before = first.acknowledged, sum(entry.before for entry in entries)
    least = min(entry.confidence for entry in entries)
    against = "; ".join(dict.fromkeys(entry.against for entry in entries if entry.against))
    asked = bool(number and period.since)
    sure = PHRASES["evidence"].format(round(100 * least))
    places = [_say_where(entry, period) for entry in entries[:MAX_PLACES]]
    return {
        "level": "info" if known else first.severity,
        "badge": "acknowledged" if known else first.severity,
        "seen": seen,
        "case": sentence(", ".join(part for part in case if part)),
        "title": period.say_times(first.title),
        "facts": {
            "Known": known,
            "Trend": PHRASES["known" if before else "new"].format(count(before)) if asked else "",
            "Cause": say(first.cause, "causes"),
            "Confidence": " ".join(filter(None, (sure, first.evidence))),
            "Against it": sentence(against) or PHRASES["against_nothing"],
            "Guide and rule": f"{first.guide_step}; {first.rule_id}",
            "Note": PHRASES["query"] if any("(query " in place for place in places) else "",
        },
        "places": places,
        "more": markup.say_rest(len(entries) - MAX_PLACES),
        "lines": [
            (
                line.at and markup.moment(period.local(line.at)),
                line.file and f"{markup.short_path(line.file)}:{line.line}",
                period.say_times(line.says),
            )
            for line in first.lines
        ],
        "next": first.next_check,
        "explain": first.explain,
    }


def _say_where(found: Finding, period: Period) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    if not (found.endpoint_url or found.deliveries):
        where = "the logs as a whole"
    number = plural(found.deliveries, "delivery") if found.deliveries else ""
    told = (number, period.say_span(found.first_at, found.last_at))
    return ": ".join(filter(None, (where, ", ".join(filter(None, told)))))


def proofs(ws: Database, facts: Facts, *, limit: int = 12) -> Block:
    """The lines that the first finding rests on, and all lines as CSV.

    The CSV holds each line of both sides' logs of each delivery of the period that was not simply
    delivered. A report writes it beside its page.
    """
    if not facts.findings:
        return table([], [], empty="No cause was found in this time.")
    first, *_ = group(facts)[0][1]
    which = {"rule": first.rule_id, "url": first.endpoint_url, "most": markup.MAX_SAVED}
    lines = ask(ws, "proofs", facts.period, **which)
    title, none = f"Evidence: {first.title}", "No line stands for it alone."
    shown = table(lines, _LINES, caption=title, limit=limit, empty=none)
    found = ask(ws, "listed_deliveries", facts.period, **pick_outcomes(), most=MAX_ATTACHED)
    own = {row["event_uuid"]: row["outcome"] for row in found if row["event_uuid"]}
    every = ask(ws, "evidence_lines", facts.period, uuids=list(own))
    sheet = io.StringIO()
    write = csv.writer(sheet).writerow
    write(_SHEET)
    for row in every:
        told = (row["logged_at"], row["side"], say_line(row), markup.short_path(row["file"]))
        write(map(no_formula, (row["event_uuid"], own[row["event_uuid"]], *told, row["line"])))
    words = f"All {plural(len(every), 'line')} of both logs are in the file beside this page"
    words += f" whose name ends in {ATTACHED}."
    shown += Block(render("note", words=words), words)
    return replace(shown, data={CSV_MIME: sheet.getvalue()})
