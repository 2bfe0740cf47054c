"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from .days import comparison, news, settled, still_open
from .events import events
from .findings import findings, proofs, resends
from .health import answer_times, answers, failing, health, sent_tests
from .incidents import impact, incidents, keep_own, moments, pick_incident, summary
from .lists import deliveries, endpoints
from .overview import cover, outcomes
from .sources import clocks, files, unknowns

# What the daily report lists one by one, and how it tells of what goes on.
LISTS = (
    ("missed",),
    ("duplicated",),
    ("refused", "unprocessed", "unacknowledged", "unexpected"),
)
PROGRESS = (comparison, news, incidents, still_open, settled)

__all__ = [
    "LISTS",
    "PROGRESS",
    "answer_times",
    "answers",
    "clocks",
    "comparison",
    "cover",
    "deliveries",
    "endpoints",
    "events",
    "failing",
    "files",
    "findings",
    "health",
    "impact",
    "incidents",
    "keep_own",
    "moments",
    "news",
    "outcomes",
    "pick_incident",
    "proofs",
    "resends",
    "sent_tests",
    "settled",
    "still_open",
    "summary",
    "unknowns",
]
