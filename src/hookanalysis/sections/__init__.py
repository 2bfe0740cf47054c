"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from .cover import cover, health
from .days import comparison, news, still_open
from .events import events
from .findings import findings, proofs
from .incidents import keep_own, moments, pick_incident, summary
from .lists import (
    answer_times,
    answers,
    clocks,
    deliveries,
    endpoints,
    failing,
    files,
    impact,
    incidents,
    outcomes,
    resends,
    sent_tests,
    settled,
    unknowns,
)

__all__ = [
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
