"""The guide's "Delivery Status" view: how each endpoint answers, and how long it takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.charts.asking import ask_rows
from hookanalysis.facts.measures import percent
from hookanalysis.markup import FACTS_MIME, Block, Column, count, escape, plural, table
from hookanalysis.words import BADGES, say_answer
from hookanalysis.zones import name_zone

from .overview import tile

if TYPE_CHECKING:
    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Facts, Period

STREAK = 5  # so many failures in a row, without a success after them, are no accident
_LAYERS = {"sender": "sender: request to answer", "edge": "edge: time in the request"}


def health(ws: Database, facts: Facts) -> Block:
    """The top of a report on endpoints: one sentence, and the numbers side by side."""
    period = facts.period
    failing = ask_rows(ws, "failing", period, streak=STREAK)
    attempts = sum(e.attempts for e in facts.endpoints)
    failed = sum(e.failed for e in facts.endpoints)
    unanswered = sum(e.unanswered for e in facts.endpoints)
    lags = [e.lag_p95_ms for e in facts.endpoints if e.lag_p95_ms is not None]
    known = plural(sum(1 for e in facts.endpoints if e.endpoint_url), "endpoint")
    headline = f"{known}, {plural(attempts, 'attempt')}: "
    headline += f"{percent(failed, attempts)} failed." if failed else "none failed."
    if not attempts:
        headline = "The sender logged no attempt in this period."
    if len(failing):
        verb = "has" if len(failing) == 1 else "have"
        headline += f" {plural(len(failing), 'endpoint')} {verb} not answered with success of late."
    worst = "critical" if len(failing) else "warning" if failed else None
    level, badge = worst or "good", BADGES[worst]
    if not attempts:
        level, badge = "info", "Nothing to judge"
    share = percent(failed, attempts) if attempts else markup.ABSENT
    slow = markup.lag(max(lags, default=None))
    tiles = [
        tile("missed", "Failing now", count(len(failing)), f"of {known}", "consistently-failing"),
        tile(
            "refused", "Attempts failed", share, f"{count(failed)} of {count(attempts)}", "errors"
        ),
        tile("undetermined", "No answer", count(unanswered), "time-outs and the like", "errors"),
        tile("delivered", "Lag", slow, "95 % arrive within, at the slowest endpoint", "latency"),
        tile("recovered", "Test events", count(facts.totals.tests), "left out", "test-events"),
    ]
    when, zone = markup.period_days(period), name_zone(period.timezone, period.last_at)
    page = (
        f'<p class="hk-when">{escape(when)} <span class="hk-zone">{escape(zone)}</span>'
        f' <span class="hk-badge hk-{level}">{badge}</span></p>'
        f'<p class="hk-headline">{escape(headline)}</p>'
        f'<div class="hk-numbers">{"".join(tiles)}</div>'
    )
    return Block(page, f"{when}: {headline}", {FACTS_MIME: facts.to_dict()})


def failing(ws: Database, period: Period | None = None) -> Block:
    """Endpoints that have only failed of late, and since when."""
    found = ask_rows(ws, "failing", period, streak=STREAK)
    rows = [
        {
            **row,
            "last_success_at": row["last_success_at"] or "never, as far as the exports tell",
            "answer": say_answer(row["http_status"], row["error_kind"]),
        }
        for row in found
    ]
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("attempts", "Failed in a row", "count"),
        Column("first_at", "Failing since", "time"),
        Column("last_success_at", "Last success", "time"),
        Column("answer", "Latest answer"),
    ]
    return table(rows, columns, empty=f"No endpoint's latest {STREAK} attempts have all failed.")


def answers(ws: Database, period: Period | None = None, *, limit: int = 60) -> Block:
    """Every answer that each endpoint gave: status code, how often, from when to when."""
    found = ask_rows(ws, "answers", period, most=limit)
    sums = Counter[str]()
    for row in found:
        sums[row["endpoint_url"]] += row["attempts"]
    rows = [
        {
            **row,
            "answer": say_answer(row["http_status"], row["unanswered"]),
            "share": row["attempts"] / sums[row["endpoint_url"]],
        }
        for row in found
    ]
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("answer", "Answer"),
        Column("status", "Sender says"),
        Column("attempts", "Attempts", "count"),
        Column("share", "Share", "share"),
        Column("first_at", "First", "time"),
        Column("last_at", "Last", "time"),
    ]
    return table(rows, columns, empty="The sender logged no attempt in this period.")


def answer_times(ws: Database, period: Period | None = None, *, limit: int = 60) -> Block:
    """How long answers took, in percentiles, by each side that measured it."""
    found = ask_rows(ws, "answer_times", period, most=limit)
    rows = [
        {
            **row,
            "side": _LAYERS.get(row["side"], f"{row['side']}: time in the request"),
        }
        for row in found
    ]
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("side", "Measured by"),
        Column("answers", "Answers", "count"),
        Column("p50_ms", "Median", "ms"),
        Column("p95_ms", "95 %", "ms"),
        Column("p99_ms", "99 %", "ms"),
        Column("most_ms", "Longest", "ms"),
    ]
    return table(rows, columns, empty="No log at hand says how long an answer took.")


def sent_tests(ws: Database, period: Period | None = None, *, limit: int = 60) -> Block:
    """Test events: did they arrive, and when was the last one."""
    found = ask_rows(ws, "test_events", period, most=limit)
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("tests", "Tests", "count"),
        Column("arrived", "Arrived", "count"),
        Column("last_at", "Last one", "time"),
        Column("last_outcome", "What became of it", "outcome"),
        Column("last_http_status", "Answer", "count"),
    ]
    return table(found, columns, empty="No test event was sent in this period.")
