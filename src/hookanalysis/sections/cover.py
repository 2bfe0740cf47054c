"""The top of a report: the period, one sentence, and the numbers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.facts.measures import percent
from hookanalysis.facts.period import ask
from hookanalysis.markup import FACTS_MIME, Block, escape
from hookanalysis.words import BADGES, count, plural

from .lists import STREAK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts

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

    Args:
        facts: What the report is about.
        badge: Its level, and its words.
        said: Paragraphs, by their class.
        tiles: The numbers side by side.
        name: What stands before the period.
    """
    level, words = badge
    when, zone = f"{name}{facts.period.words}", facts.period.zone
    page = (
        f'<p class="hk-when">{escape(when)} <span class="hk-zone">{escape(zone)}</span>'
        f' <span class="hk-badge hk-{level}">{words}</span></p>'
        + "".join(f'<p class="hk-{kind}">{escape(text, 3000)}</p>' for kind, text in said.items())
        + f'<div class="hk-numbers">{"".join(map(_draw_tile, tiles))}</div>'
    )
    return Block(page, f"{when}: {' '.join(said.values())}".strip(), {FACTS_MIME: facts.to_dict()})


def _draw_tile(tile: Tile) -> str:
    colour, name, shown, small, section = tile
    zero = " hk-zero" if shown in {"0", markup.ABSENT} else ""
    link = f' href="#{section}"' if section else ""
    return (
        f'<a class="hk-card{zero}"{link}><i class="hk-{colour}"></i>'
        f'<span class="hk-name">{escape(name)}</span><b>{escape(shown)}</b>'
        f"<small>{escape(small)}</small></a>"
    )


def cover(facts: Facts) -> Block:
    """The top of a report on all deliveries."""
    judged, delivered = facts.headline.judged, facts.headline.delivered
    level = facts.worst
    if not level and delivered < judged:
        level = "warning"
    badge = (level or "good", BADGES[level]) if level or judged else ("info", "Nothing to judge")
    said = {"headline": facts.say_headline(), "also": facts.say_also(see=": see Data")}
    return top(facts, badge, said, _tiles(facts))


def _tiles(facts: Facts) -> Iterable[Tile]:
    head, unchecked, harmful = facts.headline, facts.unchecked, facts.duplicates.harmful

    def tell(outcome: str, name: str, section: str, words: str) -> Tile:
        number = facts.count(outcome)
        share = f"{percent(number, head.judged)} · " if head.judged and number else ""
        return outcome, name, count(number), f"{share}{words}", section

    yield tell("missed", "Missed", "missed", "proven not to have arrived")
    # A limit, not one more sum: the missed are among them.
    missed = f"the {count(head.missed)} missed and " if head.missed else ""
    most, small = count(head.possibly_missed), "nothing to check"
    if unchecked:
        most = f"\N{LESS-THAN OR EQUAL TO} {most}"
        small = f"{missed}{count(unchecked)} that could not be checked"
    elif head.judged:
        small = "everything could be checked"
    yield "undetermined", "Possibly missed", most, small, "what-could-not-be-known"
    shown, small = count(head.delivered), "accepted at least once"
    if 2 * head.checked < head.judged:
        small = f"of {count(head.checked)} that could be checked"
    elif head.judged:
        shown, small = percent(head.delivered, head.judged), f"{shown} of {count(head.judged)}"
    yield "delivered", "Delivered", shown, small, "outcomes"
    twice = tell("duplicated", "Duplicated", "duplicated", "accepted more than once")
    if harmful:
        twice = (*twice[:3], f"{plural(harmful, 'delivery')} processed more than once", twice[4])
    yield twice
    yield tell("refused", "Refused", "other-troubles", "answered with an error")
    yield tell("unprocessed", "Unprocessed", "other-troubles", "accepted, never handled")


def health(ws: Database, facts: Facts) -> Block:
    """The top of a report on endpoints."""
    failing = len(ask(ws, "failing", facts.period, streak=STREAK))
    attempts, failed, unanswered = (
        sum(getattr(entry, name) for entry in facts.endpoints)
        for name in ("attempts", "failed", "unanswered")
    )
    lags = [entry.lag_p95_ms for entry in facts.endpoints if entry.lag_p95_ms is not None]
    known = plural(sum(1 for entry in facts.endpoints if entry.endpoint_url), "endpoint")
    headline = f"{known}, {plural(attempts, 'attempt')}: "
    headline += f"{percent(failed, attempts)} failed." if failed else "none failed."
    if not attempts:
        headline = "The sender logged no attempt in this period."
    if failing:
        verb = "has" if failing == 1 else "have"
        headline += f" {plural(failing, 'endpoint')} {verb} not answered with success of late."
    worst = "critical" if failing else "warning" if failed else None
    badge = (worst or "good", BADGES[worst]) if attempts else ("info", "Nothing to judge")
    share, of = percent(failed, attempts), f"{count(failed)} of {count(attempts)}"
    slow, within = (
        markup.lag(max(lags, default=None)),
        "95 % arrive within, at the slowest endpoint",
    )
    tests = count(facts.totals.tests)
    tiles: list[Tile] = [
        ("missed", "Failing now", count(failing), f"of {known}", "consistently-failing"),
        ("refused", "Attempts failed", share, of, "errors"),
        ("undetermined", "No answer", count(unanswered), "time-outs and the like", "errors"),
        ("delivered", "Lag", slow, within, "latency"),
        ("recovered", "Test events", tests, "left out", "test-events"),
    ]
    return top(facts, badge, {"headline": headline}, tiles)
