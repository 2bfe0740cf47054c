"""The top of a report, and all outcomes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.facts.measures import percent
from hookanalysis.markup import FACTS_MIME, Block, Column, count, escape, plural, table
from hookanalysis.words import BADGES, say
from hookanalysis.zones import name_zone

if TYPE_CHECKING:
    from hookanalysis.facts.measures import Facts, OutcomeCount


# Outcome of a card, its section, and what stands under the number.
_CARDS = (
    ("missed", "Missed", "missed", "proven not to have arrived"),
    ("undetermined", "Possibly missed", "what-could-not-be-known", "everything could be checked"),
    ("delivered", "Delivered", "outcomes", "accepted at least once"),
    ("duplicated", "Duplicated", "duplicated", "accepted more than once"),
    ("refused", "Refused", "other-troubles", "answered with an error"),
    ("unprocessed", "Unprocessed", "other-troubles", "accepted, never handled"),
)


# Details that say no more than the meaning of their outcome.
_PLAIN = ("delivered", "recovered", "false_failure", "rejected", "in_flight", "receiver_coverage")


def cover(facts: Facts) -> Block:
    """The top of a report: the period, one sentence, and the numbers side by side.

    It also carries the facts themselves, from which `facts.json` is written.
    """
    when = markup.period_days(facts.period)
    zone = name_zone(facts.period.timezone, facts.period.last_at)
    headline, also = _headline(facts), _also(facts)
    level, badge = facts.worst or "good", BADGES[facts.worst]
    if not facts.headline.judged and not facts.worst:
        level, badge = "info", "Nothing to judge"
    elif facts.headline.delivered < facts.headline.judged and not facts.worst:
        level, badge = "warning", BADGES["warning"]
    cards = "".join(_card(facts, *card) for card in _CARDS)
    page = (
        f'<p class="hk-when">{escape(when)} <span class="hk-zone">{escape(zone)}</span>'
        f' <span class="hk-badge hk-{level}">{badge}</span></p>'
        f'<p class="hk-headline">{escape(headline)}</p>'
        f'<p class="hk-also">{escape(also, 1000)}</p>'
        f'<div class="hk-numbers">{cards}</div>'
    )
    return Block(page, f"{when}: {headline} {also}".strip(), {FACTS_MIME: facts.to_dict()})


def outcomes(facts: Facts) -> Block:
    """All ten outcomes: how many, what each means, and its finer kinds."""
    rows = [
        {
            "outcome": entry.outcome,
            "deliveries": entry.deliveries,
            "share": entry.share,
            "meaning": entry.meaning,
            "details": _say_details(entry),
        }
        for entry in facts.outcomes
    ]
    columns = [
        Column("outcome", "Outcome", "outcome"),
        Column("deliveries", "Deliveries", "count"),
        Column("share", "Share", "share"),
        Column("meaning", "Meaning"),
    ]
    if any(row["details"] for row in rows):
        columns.append(Column("details", "Of these"))
    return table(rows, columns)


def _say_details(entry: OutcomeCount) -> str:
    """Its finer kinds with their numbers; the only one by itself, where it adds to the meaning."""
    if len(entry.details) == 1:
        (code,) = entry.details
        return "" if code in _PLAIN else say(code)
    return "; ".join(f"{say(code)} ({n:,})" for code, n in entry.details.items())


def _headline(facts: Facts) -> str:
    top = facts.headline
    if not top.judged:
        return f"{_say_why_empty(facts)}, so there is nothing to judge."
    if not top.checked:
        return f"{top.say_arrived('webhooks')}. That does not mean that they are missing."
    if top.delivered == top.judged:
        every = f"All {count(top.judged)} webhooks were"
        return f"{every if top.judged > 1 else 'The one webhook was'} delivered."
    refused, unchecked = facts.count("refused"), facts.unchecked
    apart = [
        (top.missed, "never arrived"),
        (refused, "were refused" if refused > 1 else "was refused"),
        (facts.count("unprocessed"), "never got processed"),
        # Where only few could be checked, the sentence begins with that.
        (unchecked if 2 * top.checked >= top.judged else 0, "could not be checked"),
    ]
    parts = [f"{count(number)} {words}" for number, words in apart if number]
    tail = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"{'; '.join(part for part in (top.say_arrived('webhooks'), tail) if part)}."


def _say_why_empty(facts: Facts) -> str:
    """Why no delivery can be judged: what is missing, as far as the files tell."""
    if lacking := facts.say_what_lacks():
        return lacking
    if number := facts.headline.unlisted:
        return f"No export of the sender covers the {plural(number, 'webhook')} that arrived"
    if facts.totals.deliveries:
        return "No delivery of this period is settled yet"
    ends = [
        (log.starts_at, log.ends_at)
        for log in facts.coverage
        if log.side == "sender" and log.starts_at and log.ends_at
    ]
    if not ends:
        return "No delivery falls into this period"
    days = markup.local_days(facts.period, min(e[0] for e in ends), max(e[1] for e in ends))
    return f"No delivery falls into this period (the sender's exports cover {days})"


def _also(facts: Facts) -> str:
    duplicates, parts = facts.duplicates, []
    if refused := facts.file_counts["refused"]:
        parts.append(f"{plural(refused, 'file')} could not be read: see Data")
    if duplicates.deliveries:
        text = f"{count(duplicates.deliveries)} arrived more than once"
        if duplicates.harmful:
            text += f", {count(duplicates.harmful)} of them with harm: processed more than once"
        parts.append(text)
    if number := facts.count("unacknowledged"):
        which = "it" if number == 1 else "them"
        parts.append(
            f"{count(number)} arrived although the sender calls {which} failed: do not resend"
        )
    if number := facts.count("unexpected"):
        parts.append(f"{count(number)} arrived that the sender's export does not know")
    if number := facts.headline.unlisted:
        which = "it" if number == 1 else "them"
        parts.append(f"{count(number)} arrived, though no export of the sender covers {which}")
    if number := facts.count("pending"):
        parts.append(f"{count(number)} still pending")
    if facts.totals.tests:
        parts.append(f"{plural(facts.totals.tests, 'test event')} left out")
    return ". ".join(parts) + "." if parts else ""


def _card(facts: Facts, outcome: str, name: str, section: str, words: str) -> str:
    top = facts.headline
    number = facts.unchecked if outcome == "undetermined" else facts.count(outcome)
    shown = count(number)
    small = f"{percent(number, top.judged)} · {words}" if top.judged and number else words
    if outcome == "undetermined" and not number:
        shown = count(top.missed)
        small = words if top.judged else "nothing to check"
    elif outcome == "undetermined":
        # A limit, not one more sum: the missed are among them.
        shown = f"\N{LESS-THAN OR EQUAL TO} {count(top.possibly_missed)}"
        missed = f"the {count(top.missed)} missed and " if top.missed else ""
        small = f"{missed}{count(number)} that could not be checked"
    elif outcome == "delivered" and top.judged:
        number = top.delivered
        shown = percent(number, top.judged)
        small = f"{count(number)} of {count(top.judged)}"
        if 2 * top.checked < top.judged:
            shown, small = count(number), f"of {count(top.checked)} that could be checked"
    elif outcome == "duplicated" and facts.duplicates.harmful:
        small = f"{plural(facts.duplicates.harmful, 'delivery')} processed more than once"
    return tile(outcome, name, shown, small, section)


def tile(colour: str, name: str, shown: str, small: str, section: str | None) -> str:
    """One number of those that stand side by side, and where to read on.

    Args:
        colour: Outcome whose colour it takes.
        name: What is counted.
        shown: The number, in words.
        small: What stands under it.
        section: Id of the section that it leads to; None: it leads nowhere.
    """
    zero = " hk-zero" if shown in {"0", markup.ABSENT} else ""
    link = f' href="#{section}"' if section else ""
    return (
        f'<a class="hk-card{zero}"{link}><i class="hk-{colour}"></i>'
        f'<span class="hk-name">{escape(name)}</span><b>{escape(shown)}</b>'
        f"<small>{escape(small)}</small></a>"
    )
