"""The shape of the facts: typed numbers, how they are rounded, and their one-sentence summary.

Shares lie between 0 and 1, and are None where there is nothing to divide by. Times are UTC. Values
are exact; `to_dict` rounds them as people do (halves away from zero).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from hookanalysis.verdict.rules import SEVERITIES

if TYPE_CHECKING:
    from hookanalysis.verdict.findings import Finding

    from .period import Period


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
    share: float | None  # of all deliveries without tests
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

    def say_arrived(self, noun: str) -> str:
        """How many arrived; where most could not be checked, of how many that is known.

        Args:
            noun: What they are called, in the plural: `deliveries`.
        """
        delivered, checked, judged = self.delivered, self.checked, self.judged
        if not judged:
            return f"No {noun} could be judged"
        if not checked:
            return f"None of {judged:,} {noun} could be checked: no log at hand covers them"
        if 2 * checked < judged:
            known = f"{delivered:,} of these arrived ({percent(delivered, checked)})"
            return f"Only {checked:,} of {judged:,} {noun} could be checked; {known}"
        return f"{delivered:,} of {judged:,} {noun} arrived ({percent(delivered, judged)})"


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
    schema: int
    tzdata: str


@dataclass(frozen=True)
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
    findings: tuple[Finding, ...]  # by rank: what to look at first
    resends: Resends
    versions: Versions

    def count(self, outcome: str) -> int:
        """Deliveries with `outcome`, tests left out."""
        return next(o.deliveries for o in self.outcomes if o.outcome == outcome)

    @property
    def unchecked(self) -> int:
        """Deliveries of which the logs cannot tell whether they arrived."""
        return self.headline.possibly_missed - self.headline.missed

    @property
    def worst(self) -> str | None:
        """The highest severity among the findings; None when there are none."""
        found = {finding.severity for finding in self.findings}
        return next((level for level in reversed(SEVERITIES) if level in found), None)

    def say_what_lacks(self) -> str:
        """What must be loaded before anything can be judged; empty where an export is there."""
        if not self.files:
            return "No file was loaded"
        if any(file.side == "sender" and file.status != "refused" for file in self.files):
            return ""
        done = "could be read" if self.file_counts["refused"] else "was loaded"
        return f"No export of the sender {done}"

    def summary(self) -> str:
        """What was found, in a line of plain sentences; no text from a log is in it."""
        head, refused = self.headline, self.file_counts["refused"]
        unread = f"; {refused:,} {'files' if refused > 1 else 'file'} could not be read"
        end = f"{unread if refused else ''}."
        if not self.totals.deliveries:
            return f"{self.say_what_lacks() or 'No deliveries in this period'}{end}"
        said = [head.say_arrived("deliveries")]
        unchecked = self.unchecked if head.checked else 0
        unacknowledged = self.count("unacknowledged")
        which = "it" if unacknowledged == 1 else "them"
        counted = (
            (head.missed, "missed"),
            (unchecked, "could not be checked (undetermined)"),
            (self.count("refused"), "refused"),
            (self.count("unprocessed"), "accepted but never processed"),
            (self.duplicates.harmful, "processed more than once"),
            (unacknowledged, f"arrived, though the sender calls {which} failed"),
            (self.count("unexpected"), "unknown to the sender"),
            (head.unlisted, "arrived, though no export of the sender covers them"),
            (self.count("pending"), "still pending"),
        )
        said += [f"{number:,} {words}" for number, words in counted if number]
        return f"{'; '.join(said)}{end}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ISO times in UTC, rounded numbers, keys in the order of the fields."""
        plain: dict[str, Any] = _plain(self)
        return plain


def percent(part: float, whole: float) -> str:
    """A share in words: `98.0 %`; `0 %` and `100 %` only where it is exactly that."""
    if not whole:
        return "\N{EN DASH}"
    if 0 < part < whole:
        tenths = min(max(round_number(100 * part / whole, 1), 0.1), 99.9)
        return f"{tenths:.1f} %"
    return f"{round_number(100 * part / whole, 0):.0f} %"


def round_number(value: float, digits: int) -> float:
    """Round as people do: halves away from zero, on the number as it is written."""
    step = Decimal(1).scaleb(-digits)
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP))


def _plain(value: Any, name: str = "") -> Any:
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name), part.name) for part in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat() + ("Z" if isinstance(value, datetime) else "")
    if isinstance(value, float):
        whole = name.endswith("seconds")
        rounded = round_number(value, 0 if whole else 1 if name.endswith("_ms") else 4)
        return int(rounded) if whole else rounded
    return value
