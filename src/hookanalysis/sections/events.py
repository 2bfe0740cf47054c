"""Single events, each with the lines of both sides' logs that tell of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.charts.explorer import MAX_EVENTS
from hookanalysis.markup import Block, Column, escape
from hookanalysis.words import say, say_line, say_sender

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

MAX_LINES = 12  # log lines shown of one event
_COLUMNS = [
    Column("number", "#", "count"),
    Column("event_uuid", "Event and its type", "id", under="event_type"),
    Column("endpoint_url", "Endpoint", "url"),
    Column("outcome", "Outcome", "outcome", under="told"),
    Column("first_attempt_at", "First attempt, and first arrival", "time", under="arrived"),
    Column("sender", "Sender's last word"),
]


def events(ws: Database, period: Period | None = None, *, limit: int = MAX_EVENTS) -> Block:
    """The events in trouble, in order of time, each with its evidence: file and line.

    The numbers are those of the dots in `charts.explorer`; marking a time there limits this list.

    Args:
        ws: A reconciled workspace.
        period: `facts.period`; all by default.
        limit: Longest list; the rest is counted.
    """
    found = ask_rows(ws, "troubled_deliveries", period, most=limit)
    if not found:
        return markup.table([], [], empty="No event is in trouble in this period.")
    lines = _tell_lines(ws, [row["event_uuid"] for row in found if row["event_uuid"]], period)
    bodies, texts = [], []
    for number, row in enumerate(found, 1):
        arrived = row["first_receipt_at"]
        shown = {
            **row,
            "number": number,
            "arrived": f"→ {markup.moment(arrived)}" if arrived else "→ no arrival known",
            "told": say(str(row["detail"])),
            "sender": say_sender(row),
        }
        when = row["happened_at"]
        at = round(when.replace(tzinfo=UTC).timestamp() * 1000) if when else 0
        told = lines[row["event_uuid"]]
        bodies.append(
            f'<tbody class="hk-event" data-event="{number}" data-at="{at}">'
            f"<tr>{markup.cells(shown, _COLUMNS)}</tr>"
            f'<tr class="hk-evidence"><td colspan="{len(_COLUMNS)}">{_fold(told)}</td></tr></tbody>'
        )
        texts.append(f"{number} {row['event_uuid']} {row['outcome']}: {len(told)} lines")
    rest = found[0]["total"] - len(found)
    more = f"… and {markup.count(rest)} more, not shown here." if rest > 0 else ""
    page = (
        '<div class="hk-scroll" tabindex="0"><table class="hk-table hk-events">'
        f"<thead><tr>{markup.headings(_COLUMNS)}</tr></thead>{''.join(bodies)}</table></div>"
        + (f'<p class="hk-more">{more}</p>' if more else "")
    )
    return Block(page, "\n".join([*texts, more]).strip())


def _tell_lines(
    ws: Database, uuids: list[str], period: Period | None
) -> dict[str, list[tuple[str, ...]]]:
    """Each event's rows of evidence: time, side, what it says, file and line."""
    told: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in ask_rows(ws, "evidence_lines", period, uuids=uuids):
        at = row["logged_at"]
        when = f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3] if at else "no time"
        place = f"{markup.short_path(row['file'])}:{row['line']}"
        told[row["event_uuid"]].append((when, row["side"], say_line(row), place))
    return told


def _fold(told: list[tuple[str, ...]]) -> str:
    if not told:
        return '<span class="hk-soft">no line of a log names it</span>'
    items = "".join(
        f"<li><span>{escape(when)}</span> <b>{escape(side)}</b> {escape(says)}"
        f" <code>{escape(place)}</code></li>"
        for when, side, says, place in told[:MAX_LINES]
    )
    more = f"<li>and {len(told) - MAX_LINES} more</li>" if len(told) > MAX_LINES else ""
    words = markup.plural(len(told), "log line")
    return f"<details><summary>{words}</summary><ul>{items}{more}</ul></details>"
