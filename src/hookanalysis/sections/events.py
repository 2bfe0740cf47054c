"""Single events, each with the lines of both sides' logs that tell of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.charts.outcomes import MAX_EVENTS, TROUBLE
from hookanalysis.facts.period import ask
from hookanalysis.markup import Block, Column, escape
from hookanalysis.words import plural, say, say_line, say_sender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hookanalysis.database import Database
    from hookanalysis.facts.period import Period

MAX_LINES = 12  # log lines shown of one event


def _say_arrival(row: Mapping[str, Any]) -> str:
    arrived = row["first_receipt_at"]
    return f"→ {markup.moment(arrived)}" if arrived else "→ no arrival known"


_COLUMNS = [
    Column("number", "#", "count"),
    Column("event_uuid", "Event and its type", "id", under="event_type"),
    Column("endpoint_url", "Endpoint", "url"),
    Column("outcome", "Outcome", "outcome", under=lambda row: say(row["detail"])),
    Column("first_attempt_at", "First attempt, and first arrival", "time", under=_say_arrival),
    Column(say_sender, "Sender's last word"),
]


def events(ws: Database, period: Period | None = None, *, limit: int = MAX_EVENTS) -> Block:
    """The events in trouble, in order of time, each with its evidence: file and line.

    The numbers are those of the dots in `charts.explorer`; marking a time there limits this list.

    Args:
        ws: A reconciled workspace.
        period: `facts.period`; all by default.
        limit: Longest list; the rest is counted.
    """
    found = ask(ws, "listed_deliveries", period, **TROUBLE, most=limit)
    if not found:
        return markup.table([], [], empty="No event is in trouble in this period.")
    lines = defaultdict(list)
    uuids = [row["event_uuid"] for row in found if row["event_uuid"]]
    for line in ask(ws, "evidence_lines", period, uuids=uuids):
        lines[line["event_uuid"]].append(line)
    bodies, texts = [], []
    for number, row in enumerate(found, 1):
        when = row["happened_at"]
        at = round(when.replace(tzinfo=UTC).timestamp() * 1000) if when else 0
        told = lines[row["event_uuid"]]
        bodies.append(
            f'<tbody class="hk-event" data-event="{number}" data-at="{at}">'
            f"<tr>{markup.cells({**row, 'number': number}, _COLUMNS)}</tr>"
            f'<tr class="hk-evidence"><td colspan="{len(_COLUMNS)}">{_fold(told)}</td></tr></tbody>'
        )
        texts.append(f"{number} {row['event_uuid']} {row['outcome']}: {len(told)} lines")
    more = markup.say_rest(found[0]["total"] - len(found))
    page = markup.grid(_COLUMNS, "".join(bodies), more=more, kind=" hk-events")
    return Block(page, "\n".join([*texts, more]).strip())


def _fold(lines: list[dict[str, Any]]) -> str:
    if not lines:
        return '<span class="hk-soft">no line of a log names it</span>'
    items = ""
    for line in lines[:MAX_LINES]:
        at, place = line["logged_at"], f"{markup.short_path(line['file'])}:{line['line']}"
        when = f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3] if at else "no time"
        items += (
            f"<li><span>{escape(when)}</span> <b>{escape(line['side'])}</b>"
            f" {escape(say_line(line))} <code>{escape(place)}</code></li>"
        )
    more = f"<li>and {len(lines) - MAX_LINES} more</li>" if len(lines) > MAX_LINES else ""
    words = plural(len(lines), "log line")
    return f"<details><summary>{words}</summary><ul>{items}{more}</ul></details>"
