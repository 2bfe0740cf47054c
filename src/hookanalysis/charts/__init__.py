"""Charts of a workspace: each function asks for aggregated, ordered rows and returns one chart.

Every chart has a title, a sentence with numbers that says what it shows (`description`), a numeric
width, a time axis that no reader's computer shifts, and the table of its numbers under `usermeta`,
which a report prints behind it. All take a reconciled workspace and `facts.period`; without a
period they draw all there is, in UTC.
"""

from __future__ import annotations

from .endpoints import answers_over_time as answers_over_time
from .endpoints import endpoint_health as endpoint_health
from .endpoints import latency as latency
from .outcomes import coverage as coverage
from .outcomes import explorer as explorer
from .outcomes import outcomes_over_time as outcomes_over_time
from .outcomes import timeline as timeline
from .outcomes import trend as trend
