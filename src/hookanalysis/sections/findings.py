"""What was found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup, wording
from hookanalysis.markup import Block, escape, plural

if TYPE_CHECKING:
    from hookanalysis.diagnosis.findings import Finding
    from hookanalysis.facts.measures import Facts


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
        first, total = entries[0], plural(sum(e.deliveries for e in entries), "delivery")
        level = escape(first.severity)
        items.append(
            f'<li class="hk-finding hk-{level}"><h3>{escape(first.title)}'
            f'<span class="hk-badge hk-{level}">{level}</span></h3>'
            f'<p class="hk-facts"><b>{total}</b> · cause: {escape(first.cause)}'
            f" · guide: {escape(first.guide_step)}</p>"
            f"<ul>{''.join(_say_where(e, facts) for e in entries[:MAX_PLACES])}"
            f"{_say_more(len(entries) - MAX_PLACES)}</ul>"
            f'<p>{escape(first.explain, 1000)}</p><p class="hk-next">'
            f"{escape(first.next_check, 1000)}</p></li>"
        )
        sentences.append(f"{level}: {first.title} ({total}). Next: {first.next_check}")
    text = markup.tame(" ".join(sentences), 10_000)
    return Block(f'<ol class="hk-findings">{"".join(items)}</ol>', text)


def _say_where(found: Finding, facts: Facts) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    number = plural(found.deliveries, "delivery")
    days = wording.say_days(facts.period, found.first_at, found.last_at)
    return f"<li>{escape(where)}: {escape(f'{number}, {days}' if days else number)}</li>"


def _say_more(number: int) -> str:
    return f"<li>and {plural(number, 'endpoint')} more</li>" if number > 0 else ""
