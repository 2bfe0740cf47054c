"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from .events import events
from .findings import findings
from .health import answer_times, answers, failing, health, sent_tests
from .lists import deliveries, endpoints
from .overview import cover, outcomes
from .sources import clocks, files, load_samples, unknowns

__all__ = [
    "answer_times",
    "answers",
    "clocks",
    "cover",
    "deliveries",
    "endpoints",
    "events",
    "failing",
    "files",
    "findings",
    "health",
    "load_samples",
    "outcomes",
    "sent_tests",
    "unknowns",
]
