"""Charts of a workspace: each function asks for aggregated, ordered rows and returns one chart.

Every chart has a title, a sentence with numbers that says what it shows (`description`), a numeric
width, a time axis that no reader's computer shifts, and the table of its numbers under `usermeta`,
which a report prints behind it. All take a reconciled workspace and `facts.period`; without a
period they draw all there is, in UTC.
"""

from __future__ import annotations

from .endpoints import answers_over_time, endpoint_health, latency
from .evidence import coverage, funnel
from .outcomes import explorer, outcomes_over_time, timeline

__all__ = [
    "answers_over_time",
    "coverage",
    "endpoint_health",
    "explorer",
    "funnel",
    "latency",
    "outcomes_over_time",
    "timeline",
]
