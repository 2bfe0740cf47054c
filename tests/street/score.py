"""Holding verdicts against the truth: what is wrong, what is missing, and what it may hang on."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .truth import Row

Got = tuple[str, str, str]  # event_uuid, endpoint_url, outcome


@dataclass(frozen=True)
class Failure:
    """One delivery that was judged wrongly, or left open though the files can show it."""

    kind: str
    event_uuid: str
    endpoint_url: str
    truth: str
    got: str
    certain: bool
    why: str


@dataclass
class Score:
    """Counts over deliveries; they add up over worlds."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def __add__(self, other: "Score") -> "Score":
        return Score(self.counts + other.counts, self.failures + other.failures)

    @property
    def badness(self) -> int:
        """Weigh the failures: a false `missed` is the worst there is."""
        counts = self.counts
        return 100 * counts["false missed"] + 10 * counts["other wrong"] + counts["left open"]


def score(rows: Iterable[Row], got: Iterable[Got]) -> Score:
    """Compare the outcomes of a tool with the truth.

    A row that the tool does not have counts as `undetermined`. What is not certain may stay
    undetermined; what else is said of it must be true, or one of the words that bear it as well.
    """
    exact = {(event.lower(), url): outcome for event, url, outcome in got}
    by_event: dict[str, list[str]] = {}
    for (event, _), outcome in exact.items():
        by_event.setdefault(event, []).append(outcome)
    result = Score()
    for row in rows:
        event = row.event_uuid.lower()
        alone = by_event.get(event, [])
        found = exact.get((event, row.endpoint_url), alone[0] if len(alone) == 1 else "")
        _count(result, row, found or "undetermined")
    return result


def _count(result: Score, row: Row, got: str) -> None:
    counts = result.counts
    counts["deliveries"] += 1
    counts["certain"] += row.certain
    for outcome in ("missed", "unprocessed"):
        if row.outcome == outcome:
            counts[f"true {outcome}"] += 1
            counts[f"true {outcome} found"] += got == outcome
            counts[f"certain {outcome}"] += row.certain
            counts[f"certain {outcome} found"] += row.certain and got == outcome
    if got == row.outcome:
        counts["right"] += 1
        return
    if got in row.bearable and not row.certain:
        counts["bearable"] += 1
        return
    if got in {"undetermined", "pending"} and not row.certain:
        counts["rightly open"] += 1
        return
    kind = "other wrong"
    if got == "missed" and row.arrived:
        kind = "false missed"
    elif got == "undetermined":
        kind = "left open"
    counts[kind] += 1
    result.failures.append(
        Failure(
            kind, row.event_uuid, row.endpoint_url, row.outcome, got, row.certain, row.why
        )
    )
