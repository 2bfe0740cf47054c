"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from hookanalysis.stories import events as events

from .cover import cover as cover
from .cover import health as health
from .cover import keep_own as keep_own
from .cover import letterhead as letterhead
from .cover import moments as moments
from .cover import pick_incident as pick_incident
from .cover import summary as summary
from .days import and_before as and_before
from .days import changes as changes
from .days import comparison as comparison
from .days import side_by_side as side_by_side
from .days import still_open as still_open
from .findings import findings as findings
from .findings import proofs as proofs
from .lists import answer_times as answer_times
from .lists import answers as answers
from .lists import clocks as clocks
from .lists import deliveries as deliveries
from .lists import endpoints as endpoints
from .lists import failing as failing
from .lists import files as files
from .lists import funnel as funnel
from .lists import impact as impact
from .lists import incidents as incidents
from .lists import outcomes as outcomes
from .lists import resends as resends
from .lists import sent_tests as sent_tests
from .lists import settled as settled
from .lists import unknowns as unknowns
