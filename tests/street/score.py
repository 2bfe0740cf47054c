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
    result = Score()
    theirs: dict[str, list[tuple[str, str]]] = {}
    for event, url, outcome in got:
        theirs.setdefault(event.lower(), []).append((url, outcome))
    ours: dict[str, list[Row]] = {}
    for row in rows:
        ours.setdefault(row.event_uuid.lower(), []).append(row)
    for event, group in ours.items():
        for row, outcome in _pair(group, theirs.get(event, [])):
            _count(result, row, outcome)
    return result


def _pair(rows: list[Row], got: list[tuple[str, str]]) -> list[tuple[Row, str]]:
    """Pair the deliveries of one event: by URL, else by its path, else the only ones that are left.

    A tool may hide a query, so that two endpoints look alike: then those pair that agree.
    """

    def distance(row: Row, other: tuple[str, str]) -> tuple[int, bool]:
        url, outcome = other
        near = row.endpoint_url.partition("?")[0] == url.partition("?")[0]
        return 0 if row.endpoint_url == url else 1 if near else 2, row.outcome != outcome

    ways = sorted(
        (distance(row, other), ours, theirs)
        for ours, row in enumerate(rows)
        for theirs, other in enumerate(got)
    )
    pairs: dict[int, str] = {}
    taken: set[int] = set()
    for (far, _), ours, theirs in ways:
        lone = not got[theirs][0] or len(rows) == len(got) == 1
        if ours not in pairs and theirs not in taken and (far < 2 or lone):
            pairs[ours] = got[theirs][1]
            taken.add(theirs)
    return [(row, pairs.get(number, "undetermined")) for number, row in enumerate(rows)]


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
    if got in row.bearable:
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
        Failure(kind, row.event_uuid, row.endpoint_url, row.outcome, got, row.certain, row.why)
    )
