"""What was found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.facts.period import ask
from hookanalysis.markup import Block, Column, escape, table
from hookanalysis.words import CAUSES, plural, say, say_evidence

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts
    from hookanalysis.verdict.findings import Finding


MAX_PLACES = 6  # endpoints named in one finding
_LINES = [
    Column("stance", "Speaks", spared=True),
    Column("happened_at", "Time in the log", "time"),
    Column(lambda row: say_evidence(row["rule_id"], row), "What the line says"),
    Column(
        lambda row: row["file"] and f"{markup.short_path(row['file'])}:{row['line']}",
        "File and line",
    ),
]
_RIVALS = [
    Column("title", "What else was found in this time"),
    Column(lambda row: say(row["cause"], CAUSES), "Cause"),
    Column("deliveries", "Deliveries", "count"),
    Column("confidence", "Evidence found", "percent"),
    Column(lambda row: row["against"] or None, "Against it"),
]


def findings(facts: Facts) -> Block:
    """What was found, the most severe first, each with its next step."""
    if not facts.findings:
        if facts.totals.deliveries:
            return table([], [], empty="Nothing to do: no rule found anything wrong.")
        return table([], [], empty="Nothing could be judged, so nothing was found.")
    counts = facts.resends
    told = (
        (counts.resend, f"Resend {plural(counts.resend, 'event')} now."),
        (counts.wait, f"Wait with {counts.wait:,}: mend the cause, or complete the logs, first."),
        (counts.do_not_resend, f"Leave {counts.do_not_resend:,} alone, which arrived."),
    )
    advice = " ".join(words for number, words in told if number)
    rules: dict[tuple[str, str], list[Finding]] = {}
    for found in facts.findings:
        rules.setdefault((found.rule_id, found.acknowledged), []).append(found)
    items, sentences = [], [advice]
    for entries in rules.values():
        first, number = entries[0], sum(e.deliveries for e in entries)
        whole = "the endpoint as a whole" if first.endpoint_url else "the logs as a whole"
        total = plural(number, "delivery") if number else whole
        known = first.acknowledged
        level, badge = ("info", "acknowledged") if known else [escape(first.severity)] * 2
        places = "".join(_say_where(e, facts) for e in entries[:MAX_PLACES])
        if (rest := len(entries) - MAX_PLACES) > 0:
            places += f"<li>and {plural(rest, 'endpoint')} more</li>"
        items.append(
            f'<li class="hk-finding hk-{level}"><h3>{escape(first.title)}'
            f'<span class="hk-badge hk-{level}">{badge}</span></h3>'
            f'<p class="hk-facts"><b>{total}</b>'
            f" · cause: {escape(say(first.cause, CAUSES))}"
            f" · guide: {escape(first.guide_step)} · rule: {escape(first.rule_id)}</p>"
            f"{f'<p><b>Known:</b> {escape(known, 1000)}</p>' if known else ''}"
            f"<ul>{places}</ul>{_say_ground(entries)}"
            f'<p>{escape(first.explain, 1000)}</p><p class="hk-next">'
            f"{escape(first.next_check, 1000)}</p></li>"
        )
        sentences.append(f"{badge}: {first.title} ({total}). Next: {first.next_check}")
    page = f'<p class="hk-advice">{advice}</p>' if advice else ""
    text = markup.tame(" ".join(sentences).strip(), 10_000)
    return Block(f'{page}<ol class="hk-findings">{"".join(items)}</ol>', text)


def _say_ground(entries: list[Finding]) -> str:
    """How sure it is, what is missing for that, and what speaks against it."""
    least = min(entry.confidence for entry in entries)
    against = "; ".join(dict.fromkeys(entry.against for entry in entries if entry.against))
    sure = "" if least >= 1 or not entries[0].evidence else entries[0].evidence
    parts = [f"Confidence: {round(100 * least)} %"] if sure else []
    parts += [text.rstrip(".") for text in (sure, against and f"Against it: {against}") if text]
    return f'<p class="hk-ground">{escape(". ".join(parts), 1000)}.</p>' if parts else ""


def _say_where(found: Finding, facts: Facts) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    if not (found.endpoint_url or found.deliveries):
        where = "all of them"
    number = plural(found.deliveries, "delivery") if found.deliveries else ""
    days = facts.period.say_days(found.first_at, found.last_at)
    told = ", ".join(part for part in (number, days) if part)
    return f"<li>{escape(f'{where}: {told}' if told else where)}</li>"


def proofs(ws: Database, facts: Facts, *, limit: int = 12) -> Block:
    """The lines that the first finding rests on, and the findings that rival it."""
    if not facts.findings:
        return table([], [], empty="No rule explains these failures.")
    first = facts.findings[0]
    which = {"rule": first.rule_id, "url": first.endpoint_url, "most": limit}
    lines = ask(ws, "proofs", facts.period, **which)
    rivals = [f for f in facts.findings if f.deliveries and f.rule_id != first.rule_id][:5]
    title, none = f"Evidence: {first.title}", "No line stands for it alone."
    return table(lines, _LINES, caption=title, empty=none) + table(
        map(vars, rivals), _RIVALS, empty="Nothing else was found in this time."
    )
