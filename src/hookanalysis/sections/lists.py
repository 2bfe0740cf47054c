"""Deliveries and endpoints, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.markup import Block, Column, table
from hookanalysis.words import say, say_sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts, Period


_LAGS = ("lag_p50_ms", "lag_p95_ms", "lag_p99_ms")


def endpoints(facts: Facts, *, limit: int = 50) -> Block:
    """How each endpoint did: the guide's delivery status, seen from both sides."""
    by_trouble = sorted(
        facts.endpoints, key=lambda e: (-e.failed - e.possibly_missed, -e.attempts, e.endpoint_url)
    )
    rows = [
        {**vars(entry), **{key: markup.lag(getattr(entry, key)) for key in _LAGS}}
        for entry in by_trouble[:limit]
    ]
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("attempts", "Attempts", "count"),
        Column("success_rate", "Succeeded", "share"),
        Column("failure_rate", "Failed", "percent"),
        Column("error_rate", "4xx, 5xx", "percent"),
        Column("unanswered", "No answer", "count"),
        Column("missed", "Missed", "count"),
        Column("possibly_missed", "Possibly missed", "count"),
        Column("lag_p50_ms", "Lag: median", "number"),
        Column("lag_p95_ms", "95 %", "number"),
        Column("lag_p99_ms", "99 %", "number"),
    ]
    return table(rows, columns, total=len(by_trouble), empty="No endpoint is known.")


def deliveries(
    ws: Database, names: Sequence[str], period: Period | None = None, *, limit: int = 50
) -> Block:
    """The deliveries of some outcomes, one by one; ids ready to be copied.

    Args:
        ws: A reconciled workspace.
        names: Outcomes, such as `["missed"]`.
        period: `facts.period`; all by default.
        limit: Longest list; the rest is counted.
    """
    found = ask_rows(ws, "listed_deliveries", period, outcomes=list(names), most=limit)
    rows = [
        {
            **row,
            "sender": say_sender(row),
            "detail": say(str(row["detail"])),
            "taken": f"{_say_count(row['accepted_count'])}, {_say_count(row['processed_count'])}",
        }
        for row in found
    ]
    columns = [
        Column("event_uuid", "Event and its type", "id", under="event_type"),
        *list_endpoint(period),
        Column("happened_at", "First attempt", "time"),
        Column("sender", "Sender's last word"),
    ]
    if "duplicated" in names:
        columns.append(Column("taken", "Accepted, processed", "number"))
    if len(names) > 1:
        columns.insert(0, Column("outcome", "Outcome", "outcome", under="detail"))
    else:
        columns.append(Column("detail", "How we know"))
    return table(rows, columns, empty=f"No delivery was {' or '.join(names)} in this period.")


def list_endpoint(period: Period | None) -> list[Column]:
    """The column of endpoints, where a list may hold more than one."""
    return [] if period and "/" in period.endpoint else [Column("endpoint_url", "Endpoint", "url")]


def _say_count(number: float | None) -> str:
    return markup.ABSENT if number is None else markup.count(number)
