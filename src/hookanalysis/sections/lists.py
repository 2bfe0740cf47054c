"""The lists of reports, as data: what finds the rows, the columns, and what is said without any."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from hookanalysis import markup, words
from hookanalysis.facts.period import ask
from hookanalysis.markup import ABSENT, MAX_SAVED, Block, Column, duration, render, table
from hookanalysis.tables import OUTCOMES
from hookanalysis.words import PHRASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import ClockOffset, Facts, OutcomeCount
    from hookanalysis.facts.period import Period

STREAK = 5  # so many failures in a row, without a success after them, are no accident


@dataclass(frozen=True)
class Listing:
    """A list of a report; calling it shows the rows of a workspace."""

    query: str  # what finds the rows, in `sql/report/lists.sql`
    empty: str  # what is said where there are none
    # What is shown of them. Where all are of one endpoint, it is not named again.
    columns: tuple[Column, ...]
    caption: str = ""  # a heading of its own

    def __call__(
        self, ws: Database, period: Period | None = None, *, limit: int = 60, **more: Any
    ) -> Block:
        """Show the rows of a period, at most `limit`; the rest can be saved."""
        rows = ask(ws, self.query, period, most=MAX_SAVED, streak=STREAK, **more)
        known = "endpoint_url" if period and "/" in period.endpoint else ""
        columns = [column for column in self.columns if column.value != known]
        return table(rows, columns, caption=self.caption, limit=limit, empty=self.empty)


_EVENT = Column("event_uuid", "Event and its type", "id", under="event_type")
_ENDPOINT = Column("endpoint_url", "Endpoint", "url")
_FIRST = Column("happened_at", "First attempt", "time")
_ATTEMPTS = Column("attempts", "Attempts", "count")
_DELIVERIES = Column("deliveries", "Deliveries", "count")
_SHARE = Column("share", "Share", "share")
_PATH = Column(lambda row: markup.short_path(row["path"]), "File")

resends = Listing(
    "resends",
    "No delivery of this period is left to resend.",
    (
        Column("number", "#", "count"),
        Column(lambda row: words.say(row["advice"], "advice"), "Advice"),
        _EVENT,
        _ENDPOINT,
        Column("happened_at", "First attempt", "time", under=words.say_sender),
        Column("outcome", "Why", "outcome", under=lambda row: words.say(row["reason"], "resends")),
    ),
)
incidents = Listing(
    "incidents",
    "No run of failures in this period.",
    (
        Column("incident_id", "No.", "count"),
        Column(lambda row: row["place"] or "several endpoints", "Endpoint", "url"),
        Column("starts_at", "From", "time"),
        Column("lasts_ms", "Lasted", "ms"),
        Column("failed", "Failed", "count"),
        Column("recovered", "Recovered", "count"),
        Column(lambda row: ", ".join(words.say_answers(row["statuses"])), "Answers"),
        Column(lambda row: PHRASES["still_open" if row["still_open"] else "over"], "State"),
    ),
)
impact = Listing(
    "impact",
    "No delivery was in trouble in this period.",
    (
        Column("event_type", "Event type"),
        Column("outcome", "What became of it", "outcome"),
        Column(lambda row: OUTCOMES[row["outcome"]], "That is"),
        _DELIVERIES,
        Column("events", "Events", "count", spared=True),
        Column("transactions", "Transactions", "count", spared=True),
    ),
)
settled = Listing(
    "settled",
    "No earlier failure was made good.",
    (
        _EVENT,
        _ENDPOINT,
        Column("first_attempt_at", "First attempt", "time"),
        Column("accepted_at", "Accepted", "time"),
        Column("lag_ms", "After", "ms"),
    ),
    "Arrived after a failure",
)
failing = Listing(
    "failing",
    f"No endpoint's latest {STREAK} attempts have all failed.",
    (
        _ENDPOINT,
        Column("attempts", "Failed in a row", "count"),
        Column("first_at", "Failing since", "time"),
        Column(lambda row: row["last_success_at"] or PHRASES["never"], "Last success", "time"),
        Column(lambda row: words.say_answer(row["http_status"], row["error_kind"]), "Last answer"),
    ),
)
answers = Listing(
    "answers",
    "The sender logged no attempt in this period.",
    (
        _ENDPOINT,
        Column(lambda row: words.say_answer(row["http_status"], row["unanswered"]), "Answer"),
        Column("status", "Sender says"),
        _ATTEMPTS,
        _SHARE,
        Column("first_at", "First", "time"),
        Column("last_at", "Last", "time"),
    ),
)
answer_times = Listing(
    "answer_times",
    "No log at hand says how long an answer took.",
    (
        _ENDPOINT,
        Column(lambda row: words.say(row["side"], "measured"), "Measured by"),
        Column("answers", "Answers", "count"),
        Column("p50_ms", "Median", "ms"),
        Column("p95_ms", "95 %", "ms"),
        Column("p99_ms", "99 %", "ms"),
        Column("most_ms", "Longest", "ms"),
    ),
)
funnel = Listing(
    "funnel",
    "The sender logged no attempt in this period.",
    (
        Column(lambda row: words.say(row["step"], "steps"), "Deliveries that were"),
        Column("deliveries", "As far as logs tell", "count"),
        _SHARE,
    ),
)
sent_tests = Listing(
    "test_events",
    "No test event was sent in this period.",
    (
        _ENDPOINT,
        Column("tests", "Tests", "count"),
        Column("arrived", "Arrived", "count"),
        Column("last_at", "Last one", "time"),
        Column("last_outcome", "What became of it", "outcome"),
        Column("last_http_status", "Answer", "count"),
    ),
)


_TAKEN = ("accepted_count", "processed_count")


def deliveries(
    ws: Database, names: Sequence[str], period: Period | None = None, *, limit: int = 200
) -> Block:
    """The deliveries of some outcomes, such as `["missed"]`, one by one: `limit` are shown."""

    def say_detail(row: Mapping[str, Any]) -> str:
        told = words.say(row["detail"])
        if row["outcome"] == "duplicated":
            taken = [ABSENT if row[k] is None else words.count(row[k]) for k in _TAKEN]
            told += "; accepted {}, processed {}".format(*taken)
        return told

    columns = (
        Column("outcome", "Outcome", "outcome", under=say_detail),
        _EVENT,
        _ENDPOINT,
        _FIRST,
        Column(words.say_sender, "Sender's last status"),
    )
    found = Listing("listed_deliveries", "There is no such delivery in this period.", columns)
    return found(ws, period, limit=limit, outcomes=list(names), by_outcome=True)


def outcomes(facts: Facts) -> Block:
    """All ten outcomes: how many, what each means, and its finer kinds."""
    columns = [
        Column("outcome", "Outcome", "outcome"),
        _DELIVERIES,
        _SHARE,
        Column("meaning", "Meaning"),
        Column("details", "Of these", spared=True),
    ]
    head = facts.headline
    total = {"outcome": PHRASES["delivered"], "deliveries": head.delivered, "details": ""}
    total |= {"meaning": PHRASES["delivered_is"], "share": head.delivered_share}
    rows = ({**vars(entry), "details": _say_details(entry)} for entry in facts.outcomes)
    return table([total, *rows], columns)


# Details that say no more than the meaning of their outcome.
_PLAIN = ("delivered", "recovered", "false_failure", "rejected", "in_flight", "receiver_coverage")


def _say_details(entry: OutcomeCount) -> str:
    """Its finer kinds with their numbers; the only one by itself, where it adds to the meaning."""
    if len(entry.details) == 1:
        (code,) = entry.details
        return "" if code in _PLAIN else words.say(code)
    return "; ".join(f"{words.say(code)} ({n:,})" for code, n in entry.details.items())


def endpoints(facts: Facts, *, limit: int = 200) -> Block:
    """How each endpoint did: the guide's delivery status, seen from both sides."""
    by_trouble = sorted(
        facts.endpoints, key=lambda e: (-e.failed - e.possibly_missed, -e.attempts, e.endpoint_url)
    )
    columns = [
        _ENDPOINT,
        _ATTEMPTS,
        Column("success_rate", "Succeeded", "share"),
        Column("error_rate", "4xx, 5xx", "percent"),
        Column("unanswered", "No answer", "count"),
        Column("missed", "Missed", "count"),
        Column("possibly_missed", "Possibly missed", "count"),
        Column(lambda row: markup.lag(row["lag_p50_ms"]), "Lag: median", "number"),
        Column(lambda row: markup.lag(row["lag_p95_ms"]), "95 %", "number"),
        Column(lambda row: markup.lag(row["lag_p99_ms"]), "99 %", "number"),
    ]
    return table(map(vars, by_trouble), columns, limit=limit, empty=answers.empty)


def unknowns(facts: Facts) -> Block:
    """What could not be known: why, and what would close the gap."""
    period = facts.period
    columns = [
        _DELIVERIES,
        Column(
            lambda row: period.say_times(words.sentence(row["reason"])), "Why it cannot be told"
        ),
        Column(lambda row: words.sentence(row["hint"]), "What closes the gap"),
        Column(lambda row: period.say_days(row["first_at"], row["last_at"]), "When"),
    ]
    judged = "None: each delivery could be judged, or is still pending."
    empty = judged if facts.totals.deliveries else "No delivery falls into this period."
    return table(map(vars, facts.unknowns), columns, empty=empty)


def clocks(facts: Facts, *, limit: int = 40) -> Block:
    """How far each receiver's clock is from the sender's, and what that rests on."""
    by_log = groupby(sorted(facts.clocks, key=attrgetter("stream")), attrgetter("stream"))
    columns = [
        Column("stream", "Log"),
        Column("offset", "Its clock, against the sender's"),
        Column("between", "Certainly within"),
        Column("pairs", "Deliveries compared", "count"),
        Column("method", "How it was found"),
    ]
    rows = [say_clock(stream, [*own]) for stream, own in by_log]
    empty = "No clock could be compared: no delivery is known to both sides."
    return table(rows, columns, limit=limit, empty=empty)


def say_clock(stream: str, entries: Sequence[ClockOffset]) -> dict[str, Any]:
    """How far a log's clock is from the sender's on its days (or on all), as a row of words."""
    days = [entry for entry in entries if entry.day] or list(entries)
    offsets = [entry.offset_ms for entry in days]
    lows = [entry.low_ms for entry in days if entry.low_ms is not None]
    highs = [entry.high_ms for entry in days if entry.high_ms is not None]
    method = words.say(days[0].method, "methods")
    if zone := next((entry.zone_error_minutes for entry in days if entry.zone_error_minutes), 0):
        off = duration(abs(zone) * 60_000)
        method += f"; whole quarter-hours: its time zone is off by {off}"
    return {
        "stream": stream,
        "offset": _say_ahead(min(offsets), max(offsets)),
        "between": _say_ahead(min(lows), max(highs)) if lows and highs else ABSENT,
        "pairs": sum(entry.pairs for entry in days),
        "method": method,
    }


def _say_ahead(low: float, high: float) -> str:
    """An offset or a span of them: `2.3 s to 2.9 s ahead`, `763 ms behind`."""
    sides = [("behind" if value < 0 else "ahead") for value in (low, high)]
    if sides[0] != sides[1]:
        return f"{duration(abs(low))} {sides[0]} to {duration(abs(high))} {sides[1]}"
    first, last = map(duration, sorted((abs(low), abs(high))))
    return f"{first} {sides[0]}" if first == last else f"{first} to {last} {sides[0]}"


def files(facts: Facts, *, limit: int = 60) -> Block:
    """What could not be read, and what was read, file by file."""
    refused = [vars(entry) for entry in facts.files if entry.status == "refused"]
    read = [vars(entry) for entry in facts.files if entry.status != "refused"]
    rejects = [vars(entry) for entry in facts.rejects]
    shown = [
        table(rows, columns, caption=caption, limit=limit, empty="No file was read.")
        for rows, columns, caption in (
            (refused, _REFUSED, "Files that could not be read"),
            (rejects, _REJECTS, "Records that could not be read"),
            (read, _READ, "Files that were read"),
        )
        if rows or columns is _READ
    ]
    if facts.files and not refused and not rejects:
        whole = "Every record of every file could be read."
        shown.append(Block(render("note", words=whole), whole))
    return sum(shown[1:], shown[0])


def _say_file(row: Mapping[str, Any]) -> str:
    """What there is to know about a file."""
    notes = [row["reason"]] if row["reason"] else []
    if row["integrity"] == "truncated":
        notes.append("its end is damaged; what came before was read")
    if row["tail_bytes"]:
        size = words.plural(row["tail_bytes"], "byte")
        notes.append(f"{size} of an unfinished last line wait for the next load")
    return "; ".join(notes)


_REFUSED = [_PATH, Column("reason", "Why")]
_REJECTS = [
    _PATH,
    Column(lambda row: words.say(row["reason"], "rejects"), "Reason"),
    Column("records", "Records", "count"),
    Column("first_line", "First at line", "count"),
    Column("detail", "How far it could be read"),
]
_READ = [
    _PATH,
    Column("status", "Status"),
    Column(lambda row: markup.log_name(row["layer"] or row["side"], row["stream"]), "Log"),
    Column("format", "Format"),
    Column("records", "Records", "count"),
    Column("kept", "Kept", "count"),
    Column("rejected", "Rejected", "count"),
    Column(_say_file, "To know", spared=True),
]
