"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from .findings import findings
from .lists import deliveries, endpoints
from .overview import cover, outcomes
from .sources import clocks, files, load_samples, unknowns

__all__ = [
    "clocks",
    "cover",
    "deliveries",
    "endpoints",
    "files",
    "findings",
    "load_samples",
    "outcomes",
    "unknowns",
]
