"""The shape of the facts: typed numbers, how they are rounded, and their one-sentence summary.

Shares lie between 0 and 1, and are None where there is nothing to divide by. Times are UTC. Values
are exact; `to_dict` rounds them as people do (halves away from zero).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any

from hookanalysis.verdict.findings import Finding
from hookanalysis.words import WORDS, percent, plural, round_number

from .period import Period

FACTS_VERSION = 1


@dataclass(frozen=True)
class Totals:
    """How much there is in the period, test events included."""

    events: int
    deliveries: int
    tests: int  # deliveries of test events
    attempts: int  # that the sender logged for these deliveries
    receipts: int  # arrivals of these deliveries, each counted in one layer
    endpoints: int


@dataclass(frozen=True)
class OutcomeCount:
    """One of the ten outcomes. `deliveries` leaves tests out; `tests` counts them."""

    outcome: str
    meaning: str
    deliveries: int
    share: float | None  # of those judged; None where the outcome is not part of them
    tests: int
    details: dict[str, int]  # finer code → deliveries without tests


@dataclass(frozen=True)
class Headline:
    """The three numbers that stand side by side, and what they are shares of. Tests left out.

    judged = delivered + refused + unprocessed + missed + undetermined - unlisted: every delivery
    but those still pending and those that only the receiver knows.
    """

    judged: int
    delivered: int  # accepted at least once: delivered, recovered, duplicated, unacknowledged
    missed: int  # proven not to have arrived
    possibly_missed: int  # missed + undetermined - unlisted
    unlisted: int  # undetermined, though the receiver accepted them: no export covers them
    delivered_share: float | None
    missed_share: float | None
    possibly_missed_share: float | None

    @property
    def checked(self) -> int:
        """Deliveries of which the logs could tell: all but the undetermined."""
        return self.judged - (self.possibly_missed - self.missed)

    def say_delivered(self) -> str:
        """How many were delivered; where most could not be checked, of how many that is known."""
        delivered, checked, judged = self.delivered, self.checked, self.judged
        if not checked:
            return f"The logs at hand tell of none of {judged:,} webhooks whether it was delivered"
        if 2 * checked < judged:
            known = f"{delivered:,} of these were delivered ({percent(delivered, checked)})"
            return f"Only {checked:,} of {judged:,} webhooks could be checked; {known}"
        return f"{delivered:,} of {judged:,} webhooks were delivered ({percent(delivered, judged)})"


@dataclass(frozen=True)
class Duplicates:
    """Deliveries accepted more than once, and whether it did harm. Tests left out."""

    deliveries: int
    harmful: int  # processed more than once
    harmless: int  # known to have been processed once at most
    unknown: int  # no log tells how often it was processed
    extra_accepted: int  # arrivals accepted beyond the first
    extra_processed: int  # times processed beyond the first
    details: dict[str, int]


@dataclass(frozen=True)
class EndpointFacts:
    """One endpoint, tests left out: the guide's "delivery status" view, from both sides.

    Attempts are those made within the period. The three rates are shares of finished attempts
    (succeeded + failed): succeeded, failed, and answered 4xx or 5xx. What failed without being
    an error was not answered, or answered with a redirect.
    Lag is first attempt to first accepted arrival, clock offset removed, in milliseconds.
    """

    endpoint_url: str  # empty: only the receiver knows these deliveries, and their path fits none
    deliveries: int
    delivered: int
    missed: int
    possibly_missed: int
    outcomes: dict[str, int]  # all ten
    attempts: int
    succeeded: int
    failed: int
    client_errors: int
    server_errors: int
    unanswered: int
    success_rate: float | None
    failure_rate: float | None
    error_rate: float | None
    lag_p50_ms: float | None
    lag_p95_ms: float | None
    lag_p99_ms: float | None
    lag_deliveries: int  # deliveries whose lag is known; the usual delay is in the clocks' offset


@dataclass(frozen=True)
class Unknown:
    """What could not be known, and what would close the gap. Tests left out."""

    code: str  # reason code, such as after_last_log
    deliveries: int
    reason: str  # the wording that stands at most of them
    hint: str  # what to do about it
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class Hole:
    """A time within the period for which a stream cannot testify, by the stream's own clock."""

    starts_at: datetime
    ends_at: datetime
    seconds: float
    reason: str  # no_liveness, rejected_lines, truncated, before_first_log or after_last_log


@dataclass(frozen=True)
class StreamCoverage:
    """One log or export: how much of the period it can testify for."""

    side: str  # sender or receiver
    layer: str  # edge, app, queue, table; empty on the sender's side
    stream: str
    completeness: str  # all, failures, successes, events; several are joined by "+"
    starts_at: datetime | None  # first time covered
    ends_at: datetime | None  # last time covered
    covered_share: float | None
    covered_seconds: float
    hole_count: int
    holes: tuple[Hole, ...]  # the longest MAX_HOLES, in order of time


@dataclass(frozen=True)
class ClockOffset:
    """One stream and day: receiver's clock minus sender's, as an interval."""

    stream: str
    day: date | None  # None: the stream's value for other days
    offset_ms: float
    low_ms: float | None
    high_ms: float | None
    tolerance_ms: float | None
    pairs: int
    method: str
    # Where the offset is whole quarter-hours, it is no drift but a mistaken time zone.
    zone_error_minutes: int | None = None


@dataclass(frozen=True)
class FileFacts:
    """One path that was offered to `load`: its latest status, and sums over all its offers."""

    path: str
    status: str  # loaded, grown, unchanged or refused
    reason: str
    side: str
    layer: str
    stream: str
    format: str
    timezone: str  # zone assumed for times without one; empty when every time had one
    records: int
    kept: int
    rejected: int
    ignored: int
    tail_bytes: int  # bytes of an unfinished last line, left for the next load
    integrity: str
    unsound: bool  # not all of it could be read, and no good file of its stream came since


@dataclass(frozen=True)
class RejectCount:
    """Records of one file that could not be read, for one reason."""

    path: str
    reason: str
    records: int
    lines: int
    first_line: int
    detail: str  # how far matching got at the first of them


@dataclass(frozen=True)
class Resends:
    """What a resend would do for the deliveries of the period that failed; see table `resends`."""

    resend: int  # never had an effect: send them again now
    wait: int  # first mend the cause, or close the hole in the logs
    do_not_resend: int  # have arrived: a resend would duplicate them
    done: int  # were sent again, and have arrived


@dataclass(frozen=True)
class Versions:
    """What made the numbers."""

    hookanalysis: str
    schema: int  # of the workspace's tables
    tzdata: str
    facts: int  # of the shape of these facts: it rises when a field goes, or means another thing


@dataclass(frozen=True, repr=False)
class Facts:
    """Everything that a report says in numbers."""

    period: Period
    totals: Totals
    headline: Headline
    outcomes: tuple[OutcomeCount, ...]  # all ten, in the order of tables.OUTCOMES
    duplicates: Duplicates
    endpoints: tuple[EndpointFacts, ...]  # by URL
    unknowns: tuple[Unknown, ...]  # most deliveries first
    coverage: tuple[StreamCoverage, ...]  # sender first, then by layer and stream
    clocks: tuple[ClockOffset, ...]
    file_counts: dict[str, int]  # status → paths
    files: tuple[FileFacts, ...]  # by path
    rejects: tuple[RejectCount, ...]  # by path, most records first
    findings: tuple[Finding, ...]  # what to look at first; what is acknowledged comes last
    resends: Resends
    versions: Versions
    sample: bool = False  # only the bundled samples are loaded

    def __repr__(self) -> str:
        return f"<facts: {self.summary()}>"

    def count(self, outcome: str) -> int:
        """Deliveries with `outcome`, tests left out."""
        return next(o.deliveries for o in self.outcomes if o.outcome == outcome)

    @property
    def unanswered(self) -> int:
        """Deliveries that arrived, and the sender left before the answer."""
        return sum(o.details.get("unanswered", 0) for o in self.outcomes)

    @property
    def unchecked(self) -> int:
        """Deliveries of which the logs cannot tell whether they arrived."""
        return self.headline.possibly_missed - self.headline.missed

    @property
    def alarming(self) -> tuple[Finding, ...]:
        """The findings that nobody has acknowledged."""
        return tuple(finding for finding in self.findings if not finding.acknowledged)

    @property
    def worst(self) -> str | None:
        """The highest severity among the findings that are not acknowledged; None without any."""
        found = {finding.severity for finding in self.alarming}
        return next((level for level in WORDS["badges"] if level in found), None)

    def summary(self) -> str:
        """What was found, in plain sentences; no text from a log is in it."""
        return f"{self.say_headline()} {self.say_also()}".strip()

    def say_headline(self) -> str:
        """What arrived and what did not; first, which side is silent since when."""
        head = self.headline
        silent = next((found.title for found in self.findings if found.rule_id == "silence"), "")
        if silent and not head.judged:
            return f"{silent}, so there is nothing to judge."
        return f"{silent}. {self._say_result()}" if silent else self._say_result()

    def _say_result(self) -> str:
        head = self.headline
        if not head.judged:
            return f"{self._say_why_empty()}, so there is nothing to judge."
        if not head.checked:
            return f"{head.say_delivered()}. That does not mean that they are missing."
        if head.delivered == head.judged:
            every = f"All {head.judged:,} webhooks were"
            return f"{every if head.judged > 1 else 'The one webhook was'} delivered."
        refused = self.count("refused")
        apart = (
            (head.missed, "never arrived"),
            (refused, "were refused" if refused > 1 else "was refused"),
            (self.count("unprocessed"), "never got processed"),
            (self.unanswered, "got no answer before the sender left"),
            # Where only few could be checked, the sentence begins with that.
            (self.unchecked if 2 * head.checked >= head.judged else 0, "could not be checked"),
        )
        parts = [f"{number:,} {words}" for number, words in apart if number]
        tail = " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
        return f"{'; '.join(filter(None, (head.say_delivered(), tail)))}."

    def _say_why_empty(self) -> str:
        """Why no delivery can be judged: what is missing, as far as the files tell."""
        if not self.files:
            return "No file was loaded"
        if all(file.side != "sender" or file.status == "refused" for file in self.files):
            done = "could be read" if self.file_counts["refused"] else "was loaded"
            return f"No export of the sender {done}"
        if number := self.headline.unlisted:
            return f"No export of the sender covers the {plural(number, 'webhook')} that arrived"
        if self.totals.deliveries:
            return "No delivery of this period is settled yet"
        logs = [log for log in self.coverage if log.side == "sender"]
        starts = [log.starts_at for log in logs if log.starts_at]
        ends = [log.ends_at for log in logs if log.ends_at]
        days = self.period.say_days(min(starts, default=None), max(ends, default=None))
        cover = f" (the sender's exports cover {days})" if days else ""
        return f"No delivery falls into this period{cover}"

    def say_also(self, see: str = "") -> str:
        """What else there is to know, each in a sentence; `see`: where files are listed."""
        twice, unsound = self.duplicates, [file for file in self.files if file.unsound]
        refused = sum(file.status == "refused" for file in unsound)
        partly = len(unsound) - refused
        harm = f", {twice.harmful:,} of them with harm: processed more than once"
        unlisted = self.headline.unlisted
        known = self.count("unacknowledged") - self.unanswered
        told = (
            (refused, f"{plural(refused, 'file')} could not be read{see}"),
            (partly, f"{plural(partly, 'file')} could be read only in part{see}"),
            (twice.deliveries, f"%s arrived more than once{harm if twice.harmful else ''}"),
            (known, f"%s arrived although the sender calls {_it(known)} failed: do not resend"),
            (self.count("unexpected"), "%s arrived that the sender's export does not know"),
            (unlisted, f"%s arrived, though no export of the sender covers {_it(unlisted)}"),
            (self.count("pending"), "%s still pending"),
            (self.totals.tests, f"{plural(self.totals.tests, 'test event')} left out"),
        )
        said = (words.replace("%s", f"{number:,}") for number, words in told if number)
        return " ".join(f"{words}." for words in said)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ISO times in UTC, rounded numbers, keys in the order of the fields."""
        return dict(plain(self))


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def plain(value: Any, name: str = "") -> Any:
    """Any of these as JSON takes it."""
    if is_dataclass(value):
        return {part.name: plain(getattr(value, part.name), part.name) for part in fields(value)}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat() + ("Z" if isinstance(value, datetime) else "")
    if isinstance(value, float):
        whole = name.endswith("seconds")
        rounded = round_number(value, 0 if whole else 1 if name.endswith("_ms") else 4)
        return int(rounded) if whole else rounded
    return value
