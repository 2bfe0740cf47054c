"""What was found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.markup import Block, Column, escape, plural, table
from hookanalysis.words import CAUSES, RESENDS, say, say_evidence

from .lists import list_endpoint

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts, Period
    from hookanalysis.verdict.findings import Finding


MAX_PLACES = 6  # endpoints named in one finding


def findings(facts: Facts) -> Block:
    """What was found, the most severe first, each with its next step."""
    if not facts.findings:
        if facts.totals.deliveries:
            return table([], [], empty="Nothing to do: no rule found anything wrong.")
        return table([], [], empty="Nothing could be judged, so nothing was found.")
    advice = _say_resends(facts)
    rules: dict[str, list[Finding]] = {}
    for found in facts.findings:
        rules.setdefault(found.rule_id, []).append(found)
    items, sentences = [], []
    for entries in rules.values():
        first, number = entries[0], sum(e.deliveries for e in entries)
        whole = "the endpoint as a whole" if first.endpoint_url else "the logs as a whole"
        total = plural(number, "delivery") if number else whole
        level = escape(first.severity)
        places = "".join(_say_where(e, facts) for e in entries[:MAX_PLACES])
        items.append(
            f'<li class="hk-finding hk-{level}"><h3>{escape(first.title)}'
            f'<span class="hk-badge hk-{level}">{level}</span></h3>'
            f'<p class="hk-facts"><b>{total}</b>'
            f" · cause: {escape(say(first.cause, CAUSES))}"
            f" · guide: {escape(first.guide_step)}</p>"
            f"<ul>{places}{_say_more(len(entries) - MAX_PLACES)}</ul>"
            f"{_say_ground(entries)}"
            f'<p>{escape(first.explain, 1000)}</p><p class="hk-next">'
            f"{escape(first.next_check, 1000)}</p></li>"
        )
        sentences.append(f"{level}: {first.title} ({total}). Next: {first.next_check}")
    page = f'<p class="hk-advice">{advice}</p>' if advice else ""
    text = markup.tame(" ".join([advice, *sentences]).strip(), 10_000)
    return Block(f'{page}<ol class="hk-findings">{"".join(items)}</ol>', text)


def _say_resends(facts: Facts) -> str:
    """What the list of resends holds, in words."""
    counts = facts.resends
    told = (
        (counts.resend, f"Resend {plural(counts.resend, 'event')} now."),
        (counts.wait, f"Wait with {counts.wait:,}: mend the cause, or complete the logs, first."),
        (counts.do_not_resend, f"Leave {counts.do_not_resend:,} alone, which arrived."),
    )
    return " ".join(words for number, words in told if number)


def _say_ground(entries: list[Finding]) -> str:
    """How sure it is, what is missing for that, and what speaks against it."""
    least = min(entry.confidence for entry in entries)
    against = "; ".join(dict.fromkeys(entry.against for entry in entries if entry.against))
    sure = "" if least >= 1 or not entries[0].evidence else entries[0].evidence
    parts = [f"Confidence: {round(100 * least)} %"] if sure else []
    parts += [text.rstrip(".") for text in (sure, against and f"Against it: {against}") if text]
    return f'<p class="hk-ground">{escape(". ".join(parts), 1000)}.</p>' if parts else ""


def proofs(ws: Database, facts: Facts, *, limit: int = 12) -> Block:
    """The lines that the first finding rests on, and the findings that rival it."""
    if not facts.findings:
        return table([], [], empty="No rule explains these failures.")
    first = facts.findings[0]
    rivals = [f for f in facts.findings if f.deliveries and f.rule_id != first.rule_id][:5]
    lines = ask_rows(
        ws, "proofs", facts.period, rule=first.rule_id, url=first.endpoint_url, most=limit
    )
    rows = [
        {
            **row,
            "what": say_evidence(first.rule_id, row),
            "place": f"{markup.short_path(row['file'])}:{row['line']}" if row["file"] else None,
        }
        for row in lines
    ]
    stances = [Column("stance", "Speaks")] if {row["stance"] for row in rows} > {"for"} else []
    columns = [
        *stances,
        Column("happened_at", "Time in the log", "time"),
        Column("what", "What the line says"),
        Column("place", "File and line"),
    ]
    caption = f"Evidence: {first.title}"
    shown = table(rows, columns, caption=caption, empty="No line stands for it alone.")
    others = [
        {
            **vars(other),
            "cause": say(other.cause, CAUSES),
            "against": other.against or markup.ABSENT,
        }
        for other in rivals
    ]
    columns = [
        Column("title", "What else was found in this time"),
        Column("cause", "Cause"),
        Column("deliveries", "Deliveries", "count"),
        Column("confidence", "Evidence found", "percent"),
        Column("against", "Against it"),
    ]
    beside = table(others, columns, empty="Nothing else was found in this time.")
    return Block(f"{shown.html}{beside.html}", f"{shown.text}\n{beside.text}")


def resends(ws: Database, period: Period | None = None, *, limit: int = 100) -> Block:
    """What to resend, in which order, and what not to; ids ready for the dashboard's search."""
    found = ask_rows(ws, "resends", period, most=limit)
    rows = [
        {
            **row,
            "number": number,
            "advice": row["advice"].replace("_", " "),
            "why": say(row["reason"], RESENDS),
        }
        for number, row in enumerate(found, 1)
    ]
    columns = [
        Column("number", "#", "count"),
        Column("advice", "Advice"),
        Column("event_uuid", "Event and its type", "id", under="event_type"),
        *list_endpoint(period),
        Column("happened_at", "First attempt", "time"),
        Column("why", "Why"),
    ]
    return table(rows, columns, empty="Nothing is left to resend.")


def _say_where(found: Finding, facts: Facts) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    if not (found.endpoint_url or found.deliveries):
        where = "all of them"
    number = plural(found.deliveries, "delivery") if found.deliveries else ""
    days = markup.local_days(facts.period, found.first_at, found.last_at)
    told = ", ".join(part for part in (number, days) if part)
    return f"<li>{escape(f'{where}: {told}' if told else where)}</li>"


def _say_more(number: int) -> str:
    return f"<li>and {plural(number, 'endpoint')} more</li>" if number > 0 else ""
