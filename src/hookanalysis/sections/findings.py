"""What was found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup, wording
from hookanalysis.charts.asking import ask_rows
from hookanalysis.facts.measures import percent
from hookanalysis.markup import Block, Column, escape, plural, table

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.diagnosis.findings import Finding
    from hookanalysis.facts.measures import Facts, Period


MAX_PLACES = 6  # endpoints named in one finding


def findings(facts: Facts) -> Block:
    """What was found, the most severe first, each with its next step."""
    if not facts.findings:
        words = "Nothing to do: no rule found anything wrong."
        return Block(f'<p class="hk-empty">{words}</p>', words)
    rules: dict[str, list[Finding]] = {}
    for found in facts.findings:
        rules.setdefault(found.rule_id, []).append(found)
    items, sentences = [], []
    for entries in rules.values():
        first, number = entries[0], sum(e.deliveries for e in entries)
        whole = "the endpoint as a whole" if first.endpoint_url else "the logs as a whole"
        total = plural(number, "delivery") if number else whole
        level = escape(first.severity)
        items.append(
            f'<li class="hk-finding hk-{level}"><h3>{escape(first.title)}'
            f'<span class="hk-badge hk-{level}">{level}</span></h3>'
            f'<p class="hk-facts"><b>{total}</b> · cause: {escape(first.cause)}'
            f" · guide: {escape(first.guide_step)}</p>"
            f"<ul>{''.join(_say_where(e, facts) for e in entries[:MAX_PLACES])}"
            f"{_say_more(len(entries) - MAX_PLACES)}</ul>"
            f"{_say_ground(entries)}"
            f'<p>{escape(first.explain, 1000)}</p><p class="hk-next">'
            f"{escape(first.next_check, 1000)}</p></li>"
        )
        sentences.append(f"{level}: {first.title} ({total}). Next: {first.next_check}")
    text = markup.tame(" ".join(sentences), 10_000)
    return Block(f'<ol class="hk-findings">{"".join(items)}</ol>', text)


def _say_ground(entries: list[Finding]) -> str:
    """How sure it is, what is missing for that, and what speaks against it."""
    least = min(entry.confidence for entry in entries)
    against = "; ".join(dict.fromkeys(entry.against for entry in entries if entry.against))
    sure = "" if least >= 1 or not entries[0].evidence else entries[0].evidence
    parts = [f"{percent(least, 1)} of the evidence asked for"] if sure else []
    parts += [text.rstrip(".") for text in (sure, against and f"Against it: {against}") if text]
    return f'<p class="hk-ground">{escape(". ".join(parts), 1000)}.</p>' if parts else ""


def proofs(ws: Database, facts: Facts, *, limit: int = 12) -> Block:
    """The lines that the first finding rests on, and the findings that rival it."""
    if not facts.findings:
        words = "No rule explains these failures."
        return Block(f'<p class="hk-empty">{words}</p>', words)
    first = facts.findings[0]
    rivals = [f for f in facts.findings if f.deliveries and f.rule_id != first.rule_id][:5]
    lines = ask_rows(
        ws, "proofs", facts.period, rule=first.rule_id, url=first.endpoint_url, most=limit
    )
    rows = [
        {
            **row,
            "what": f"{row['what']} a line about it" if row["what"].endswith(":") else row["what"],
            "place": f"{wording.short_path(row['path'])}:{row['line']}",
        }
        for row in lines
    ]
    columns = [
        Column("stance", "Speaks"),
        Column("happened_at", "Time in the log", "time"),
        Column("what", "What the line says"),
        Column("place", "File and line"),
    ]
    total = lines[0]["total"] if lines else 0
    caption = f"Evidence: {first.title}"
    shown = table(rows, columns, caption=caption, total=total, empty="No line stands for it alone.")
    others = [
        {
            "title": other.title,
            "cause": other.cause,
            "deliveries": other.deliveries,
            "share": other.confidence,
            "against": other.against or markup.ABSENT,
        }
        for other in rivals
    ]
    columns = [
        Column("title", "Other explanations found in this time"),
        Column("cause", "Cause"),
        Column("deliveries", "Deliveries", "count"),
        Column("share", "Evidence found", "percent"),
        Column("against", "Against it"),
    ]
    beside = table(others, columns, empty="Nothing else was found in this time.")
    return Block(f"{shown.html}{beside.html}", f"{shown.text}\n{beside.text}")


def resends(ws: Database, period: Period | None = None, *, limit: int = 100) -> Block:
    """What to resend, in which order, and what not to; ids ready for the dashboard's search."""
    if not ws.has("resends"):
        words = "This workspace was reconciled before there was such a list: reconcile it again."
        return Block(f'<p class="hk-empty">{words}</p>', words)
    found = ask_rows(ws, "resends", period, most=limit)
    rows = [
        {**row, "number": number, "advice": row["advice"].replace("_", " ")}
        for number, row in enumerate(found, 1)
    ]
    columns = [
        Column("number", "#", "count"),
        Column("advice", "Advice"),
        Column("event_uuid", "Event and its type", "id", under="event_type"),
        Column("endpoint_url", "Endpoint", "url"),
        Column("happened_at", "First attempt", "time"),
        Column("why", "Why"),
    ]
    total = found[0]["total"] if found else 0
    return table(rows, columns, total=total, empty="Nothing is left to resend.")


def _say_where(found: Finding, facts: Facts) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    if not (found.endpoint_url or found.deliveries):
        where = "all of them"
    number = plural(found.deliveries, "delivery") if found.deliveries else ""
    days = wording.say_days(facts.period, found.first_at, found.last_at)
    told = ", ".join(part for part in (number, days) if part)
    return f"<li>{escape(f'{where}: {told}' if told else where)}</li>"


def _say_more(number: int) -> str:
    return f"<li>and {plural(number, 'endpoint')} more</li>" if number > 0 else ""
