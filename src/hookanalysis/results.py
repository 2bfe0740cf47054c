"""What a table is, and the part of the contract that reconciling makes; see `tables.py`."""

from __future__ import annotations

from dataclasses import dataclass

# How a column's name and type end → the least and the most that is ever written into it.
_ANY_TIME = "0001-01-01", "9999-12-31 24:00"
_LIMITS = {
    **dict.fromkeys(("since_at TIMESTAMP", "until_at TIMESTAMP", " DATE"), _ANY_TIME),
    " TIMESTAMP": ("1980-01-01", "2110-01-01"),  # of a log or export
    "generation_id INTEGER": (0, 900_000),
    "byte_offset BIGINT": (0, 10**13 - 1),
    " INTEGER": (-2_000_000_000, 2_000_000_000),
    **dict.fromkeys(("_id BIGINT", "_no BIGINT"), (0, 2**63 - 2)),  # reckoned of both
    " BIGINT": (0, 10**15),
    " SMALLINT": (0, 999),
    **{f"_{unit} DOUBLE": (0, 10**6) for unit in ("s", "seconds", "minutes", "days")},
    " DOUBLE": (-(10**13), 10**13),
}
_PLACED = "file_id generation_id line byte_offset"
# Table → its columns in which a value always stands, where reconciling or a report rests on that.
_FILLED = {
    "files": "file_id path status",
    "generations": "generation_id side stream",
    "attempt_records": f"{_PLACED} status",
    "receipt_records": f"{_PLACED} logged_at",
    "activity": "file_id generation_id minute_at first_at last_at first_line last_line seconds",
    "history": "timezone day endpoint_url as_of judged arrived pruned",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type, and meaning (with the unit, where it has one)."""

    name: str
    type: str
    meaning: str

    @property
    def misfit(self) -> str:
        """In SQL, over all rows: whether a value is one that is never written."""
        if self.name == "timezone":
            known = "lower(timezone) IN (SELECT lower(name) FROM pg_timezone_names())"
            return rf"NOT bool_and({known} OR timezone SIMILAR TO '(UTC|GMT)?[+-]\d\d:?\d\d')"
        for end, (least, most) in _LIMITS.items():
            if f"{self.name} {self.type}".endswith(end):
                return f"min({self.name}) < '{least}' OR max({self.name}) > '{most}'"
        return "FALSE"


@dataclass(frozen=True)
class Table:
    """One table: what a row of it is, and its columns."""

    name: str
    grain: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The `CREATE TABLE` statement; safe to repeat."""
        body = ",\n".join(f"  {column.name} {column.type}" for column in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.name} (\n{body}\n)"

    @property
    def misfits(self) -> str:
        """In SQL, over all rows: the columns that hold what is never written; NULL where none."""
        wrong = {column.name: column.misfit for column in self.columns}
        for name in _FILLED.get(self.name, "").split():
            wrong[name] += f" OR count({name}) < count(*)"
        found = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for name, test in wrong.items())
        return f"'{self.name}.' || nullif(concat_ws(', {self.name}.', {found}), '')"


def define_table(name: str, grain: str, *columns: tuple[str, str, str]) -> Table:
    """Make a table from (name, DuckDB type, meaning) of its columns."""
    return Table(name, grain, tuple(Column(*column) for column in columns))


CLOCK_OFFSETS = define_table(
    "clock_offsets",
    "one stream and day: receiver's clock minus sender's",
    ("stream", "VARCHAR", "receiver's stream"),
    ("day", "DATE", "day of the receiver's clock; UTC; NULL: the stream's value for other days"),
    ("offset_ms", "DOUBLE", "best estimate, milliseconds; 0 when nothing was measured"),
    ("low_ms", "DOUBLE", "lower end of the interval, milliseconds"),
    ("high_ms", "DOUBLE", "upper end of the interval, milliseconds"),
    ("tolerance_ms", "DOUBLE", "largest distance of a match after the offset, milliseconds"),
    ("pairs", "BIGINT", "attempt-receipt pairs that it rests on"),
    ("method", "VARCHAR", "daily_median, pooled_median, other_streams, times (unnamed) or assumed"),
    ("zone_error_minutes", "INTEGER", "whole quarter-hours: a zone was mistaken; NULL: not so"),
)

MATCHES = define_table(
    "matches",
    "one receipt and the attempt that it answers, with what a verdict needs of the receipt",
    ("receipt_id", "BIGINT", "receipt"),
    ("layer", "VARCHAR", "layer of the receipt"),
    ("stream", "VARCHAR", "log that holds it"),
    ("event_uuid", "VARCHAR", "event"),
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("attempt_key", "VARCHAR", "attempt; NULL where the sender's log has none for it"),
    ("match_rule", "VARCHAR", "rung of the ladder: uuid, transaction, request_id or time"),
    ("score", "DOUBLE", "1 where it is named or alone; by time, one in so many that it may be"),
    ("distance_ms", "DOUBLE", "receipt minus attempt (its earliest time), milliseconds"),
    ("arrived_at", "TIMESTAMP", "start of the request as far as told; sender's clock; UTC"),
    ("ended_at", "TIMESTAMP", "last time of its lines; sender's clock; UTC"),
    ("path", "VARCHAR", "path of the request"),
    ("http_status", "SMALLINT", "the receiver's answer"),
    ("accepted", "BOOLEAN", "accepted; where the log does not tell, as the sender saw it"),
    ("processed", "BOOLEAN", "the application says so; false: it says it failed; NULL: not told"),
    ("known_before", "BOOLEAN", "the application says that it had the event already"),
    ("signature_failed", "BOOLEAN", "the application says that the signature did not fit"),
    ("stranger", "BOOLEAN", "from none of the sender's addresses, in a log that shows these"),
    ("counts", "BOOLEAN", "its request is counted here; false: in another layer, or a stranger's"),
    ("listed", "BOOLEAN", "the sender's exports have an attempt of the event for the endpoint"),
    ("delivery_no", "BIGINT", "number of the delivery, as in `deliveries`"),
)

DELIVERIES = define_table(
    "deliveries",
    "one event for one endpoint: the unit that is judged",
    ("event_uuid", "VARCHAR", "event"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("transaction_id", "VARCHAR", "payload id"),
    ("outcome", "VARCHAR", "the verdict: see the table of outcomes"),
    ("detail", "VARCHAR", "its finer code"),
    ("reason", "VARCHAR", "for undetermined and pending: code, the hole, and what would close it"),
    ("evidence", "VARCHAR", "both, sender or receiver"),
    ("first_attempt_at", "TIMESTAMP", "first attempt; UTC"),
    ("last_attempt_at", "TIMESTAMP", "last attempt; UTC"),
    ("attempts", "BIGINT", "attempts that the sender logged"),
    ("last_status", "VARCHAR", "status of the last attempt"),
    ("last_http_status", "SMALLINT", "answer to the last attempt as the sender saw it"),
    ("last_error_kind", "VARCHAR", "why the last attempt got no answer"),
    ("first_receipt_at", "TIMESTAMP", "first arrival; receiver's clock, offset removed; UTC"),
    ("receipts", "BIGINT", "arrivals, counted in one layer"),
    ("accepted_count", "BIGINT", "arrivals that were accepted"),
    ("processed_count", "BIGINT", "times processed; NULL where no log tells"),
    ("receiver_status", "SMALLINT", "last answer as the receiver logged it"),
    ("lag_ms", "DOUBLE", "first attempt to first accepted arrival beyond the usual delay, ms"),
    ("match_rule", "VARCHAR", "weakest rung that the verdict rests on"),
    ("is_test", "BOOLEAN", "a test event, left out of rates"),
    ("delivery_no", "BIGINT", "number: generation x 10,000,000,000,000 + byte of its first record"),
)

ENDPOINT_HOURS = define_table(
    "endpoint_hours",
    "one endpoint and hour: the guide's delivery-status view; tests left out",
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("hour_at", "TIMESTAMP", "the hour; sender's clock; UTC"),
    ("attempts", "BIGINT", "attempts"),
    ("succeeded", "BIGINT", "attempts that the sender calls a success"),
    ("failed", "BIGINT", "attempts that the sender calls failed"),
    ("client_errors", "BIGINT", "attempts answered 4xx"),
    ("server_errors", "BIGINT", "attempts answered 5xx"),
    ("unanswered", "BIGINT", "attempts without an answer"),
    ("deliveries", "BIGINT", "deliveries first attempted in the hour"),
    ("missed", "BIGINT", "of these: proven missed"),
    ("possibly_missed", "BIGINT", "of these: missed or undetermined"),
    ("duplicated", "BIGINT", "of these: accepted more than once"),
    ("lag_p50_ms", "DOUBLE", "median lag, milliseconds"),
    ("lag_p95_ms", "DOUBLE", "95th percentile of lag, milliseconds"),
)

INCIDENTS = define_table(
    "incidents",
    "one run of failures in time; tests left out",
    ("incident_id", "BIGINT", "number, by the time of its start"),
    ("scope", "VARCHAR", "endpoint, or server: several endpoints of a host at once"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where it is server-wide"),
    ("host", "VARCHAR", "host of the endpoint or endpoints"),
    ("starts_at", "TIMESTAMP", "first try that failed; UTC"),
    ("ends_at", "TIMESTAMP", "last delivery whose first try failed; time of that try; UTC"),
    ("deliveries", "BIGINT", "deliveries first tried in the span"),
    ("failed", "BIGINT", "of these: the first try failed, or had no effect"),
    ("recovered", "BIGINT", "of the failed: accepted after all"),
    ("still_open", "BOOLEAN", "fewer than three tries have succeeded since"),
    ("event_types", "VARCHAR", "event types of the failed, the most frequent first"),
    ("statuses", "VARCHAR", "answers to the failed (or why none), the most frequent first"),
)

CLUSTERS = define_table(
    "clusters",
    "attempts that stand too close in time to tell whose the edge's lines are: only counts speak",
    ("cluster_id", "BIGINT", "number, by time"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where several share the path"),
    ("starts_at", "TIMESTAMP", "first of the attempts; UTC"),
    ("ends_at", "TIMESTAMP", "last of the attempts; UTC"),
    ("attempts", "BIGINT", "attempts that may own a line, or may have left none"),
    ("receipts", "BIGINT", "lines that nobody owns"),
    ("at_least_missed", "BIGINT", "so many of the attempts never arrived, whichever they are"),
)

REQUESTS = define_table(
    "requests",
    "one request, and what is certain of its line in one layer whose lines name no event",
    ("layer", "VARCHAR", "layer of the lines"),
    ("event_uuid", "VARCHAR", "event"),
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("attempt_key", "VARCHAR", "attempt; NULL where only inner layers show the request"),
    ("nth", "BIGINT", "1 for the attempt itself; more for what inner layers show besides"),
    ("shown", "BOOLEAN", "an inner layer shows it, so it must have a line, if the log is whole"),
    ("state", "VARCHAR", "line: it has one; none; open: it may have; lacking: must, and none fits"),
    ("covered", "BOOLEAN", "the layer's logs were whole all through the window"),
    ("starts_at", "TIMESTAMP", "window in which its line can lie; sender's clock; UTC"),
    ("ends_at", "TIMESTAMP", "end of the window"),
    ("component", "BIGINT", "number within the layer: requests with it compete for lines"),
    ("crowd", "BIGINT", "requests in the component"),
    ("lines", "BIGINT", "lines in the component"),
    ("left_out", "BOOLEAN", "a largest assignment leaves it without a line"),
    ("stranger_id", "BIGINT", "receipt from an unknown address that may be it"),
)

CANDIDATES = define_table(
    "candidates",
    "one line that may be a request's, where the choice is not plain: the nearest eight of each",
    ("layer", "VARCHAR", "layer of the line"),
    ("component", "BIGINT", "component of `requests`"),
    ("event_uuid", "VARCHAR", "event of the request"),
    ("endpoint_url", "VARCHAR", "endpoint of the request"),
    ("attempt_key", "VARCHAR", "attempt; NULL where only inner layers show the request"),
    ("nth", "BIGINT", "as in `requests`"),
    ("receipt_id", "BIGINT", "receipt: the line"),
)

ZONE_ERRORS = define_table(
    "zone_errors",
    "one log whose times are off the exports' by whole quarter-hours: a zone was mistaken",
    ("stream", "VARCHAR", "log"),
    ("minutes", "INTEGER", "log minus exports, minutes"),
    ("pairs", "BIGINT", "pairs of an attempt and a line that it rests on"),
    ("first_day", "DATE", "first day on which it was measured; NULL: over the whole log"),
    ("last_day", "DATE", "last day"),
    ("suspect", "VARCHAR", "side that was probably misread: log, export or either"),
    ("log_zone", "VARCHAR", "zone in which the log was read; NULL: its times name their own"),
    ("export_zone", "VARCHAR", "zone in which the exports were read; NULL: as for the log"),
)

SIGNATURE_CHECKS = define_table(
    "signature_checks",
    "one line of a log or export that holds a signature, and whether it fits",
    ("event_uuid", "VARCHAR", "event; NULL where the line does not name it"),
    ("logged_at", "TIMESTAMP", "time of the line; UTC"),
    ("file_id", "INTEGER", "file of the manifest"),
    ("line", "BIGINT", "line in it"),
    ("payload_id", "VARCHAR", "payload id that is signed"),
    ("signature_head", "VARCHAR", "first 12 digits of the signature"),
    ("fits", "BOOLEAN", "it is the HMAC-SHA1 of the id; NULL: no secret, or no id, to check it by"),
)

SYMPTOMS = define_table(
    "symptoms",
    "one attempt of a delivery that did not go well: what the rules look at; tests left out",
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("event_uuid", "VARCHAR", "event"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("attempt_key", "VARCHAR", "attempt; NULL where the sender's log has none"),
    ("happened_at", "TIMESTAMP", "when it was made, else the first arrival; UTC"),
    ("outcome", "VARCHAR", "verdict on the delivery"),
    ("detail", "VARCHAR", "its finer code"),
    ("status", "VARCHAR", "success, failed, pending, conflict or none, as the sender logged it"),
    ("http_status", "SMALLINT", "answer as the sender saw it"),
    ("error_kind", "VARCHAR", "timeout, refused, dns, tls, other (no answer); signature: refused"),
    ("answer", "SMALLINT", "answer: as the sender saw it, else as the edge or the app logged it"),
    ("edge_lines", "BIGINT", "receipts of it in the edge's logs"),
    ("edge_status", "SMALLINT", "answer in the edge's log"),
    ("app_lines", "BIGINT", "receipts of it in the logs behind the edge"),
    ("app_status", "SMALLINT", "answer in the application's log"),
    ("processed", "BOOLEAN", "the application says that it processed the event"),
    ("app_failed", "BOOLEAN", "the application says that it failed"),
    ("known_before", "BOOLEAN", "the application says that it had the event already"),
    ("signature_failed", "BOOLEAN", "the application says that the signature did not fit"),
    ("signature_near", "BOOLEAN", "so says, within seconds, a line that names no event"),
    ("signature_fits", "BOOLEAN", "the logged signature is right; NULL: not logged or not checked"),
    ("source_ip", "VARCHAR", "address that the request came from"),
    ("let_in", "BOOLEAN", "the endpoint accepted requests from it or a neighbour (/24, /48)"),
    ("took_ms", "DOUBLE", "attempt to the last line about it, offset removed, milliseconds"),
    ("logged", "BOOLEAN", "there are receiver's logs that serve the endpoint"),
    ("covered", "BOOLEAN", "the outermost logs that serve the endpoint testify for the time"),
    ("hole", "BOOLEAN", "a log that serves the endpoint has a hole at that time"),
    ("edge_alive", "BOOLEAN", "the edge logged something within a minute of it"),
    ("app_alive", "BOOLEAN", "the application logged something within a minute of it"),
    ("run_size", "BIGINT", "failed attempts in a row at the endpoint, this one among them"),
    ("accepted_before", "TIMESTAMP", "the endpoint's last success before it; UTC"),
    ("accepted_after", "TIMESTAMP", "the endpoint's next success after it; UTC"),
    ("same_answers", "BIGINT", "attempts of the delivery with the same answer"),
    ("type_chance", "DOUBLE", "probability that chance puts so many failures on this event type"),
    ("type_rate", "DOUBLE", "share of this event type's attempts that got the same answer"),
)

SENDER_ADDRESSES = define_table(
    "sender_addresses",
    "one of the sender's own addresses that shows in the receiver's logs of an endpoint",
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("source_ip", "VARCHAR", "address"),
    ("receipts", "BIGINT", "receipts that came from it"),
    ("first_at", "TIMESTAMP", "first of them, offset removed; UTC"),
    ("last_at", "TIMESTAMP", "last of them, offset removed; UTC"),
)

UNTRIED_EVENTS = define_table(
    "untried_events",
    "one event that went to other endpoints only, though its type usually goes to this one too",
    ("endpoint_url", "VARCHAR", "endpoint that it was not sent to"),
    ("event_uuid", "VARCHAR", "event"),
    ("event_type", "VARCHAR", "such as invoice.refund"),
    ("first_at", "TIMESTAMP", "its first attempt at another endpoint; UTC"),
    ("went_to", "VARCHAR", "what got it: the same path elsewhere, or an unusual path; else empty"),
)

RESENDS = define_table(
    "resends",
    "one delivery that failed, with what a resend would do; in the order in which to resend",
    ("position", "BIGINT", "place in the list, from 1"),
    ("advice", "VARCHAR", "resend, wait, do_not_resend, or done: a resend has worked"),
    ("event_uuid", "VARCHAR", "event: what to search for in the dashboard"),
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("transaction_id", "VARCHAR", "payload id; several events share it"),
    ("happened_at", "TIMESTAMP", "first attempt, else first arrival; UTC"),
    ("reason", "VARCHAR", "why: resent, unlisted, still_failing, or the outcome or its detail"),
)

FINDING_DELIVERIES = define_table(
    "finding_deliveries",
    "one delivery of a finding; a delivery belongs to the rule that explains it best",
    ("rule_id", "VARCHAR", "rule; the name of its file"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it"),
    ("event_uuid", "VARCHAR", "event"),
    ("happened_at", "TIMESTAMP", "when, as far as known: first attempt, else first arrival; UTC"),
)

FINDING_SPANS = define_table(
    "finding_spans",
    "one stretch of time of a finding that is about an endpoint, or a log, as a whole",
    ("rule_id", "VARCHAR", "rule; the name of its file"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where it is about no single one"),
    ("starts_at", "TIMESTAMP", "first time that it shows; UTC"),
    ("ends_at", "TIMESTAMP", "last time that it shows; UTC"),
)

FINDINGS = define_table(
    "findings",
    "one rule's statement about the deliveries of one endpoint",
    ("rule_id", "VARCHAR", "rule; the name of its file"),
    ("title", "VARCHAR", "what it states, in words"),
    ("severity", "VARCHAR", "critical, warning or info"),
    ("cause", "VARCHAR", "sender, network, receiver, logs or unknown"),
    ("guide_step", "VARCHAR", "heading of the sender's troubleshooting guide to follow"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it"),
    ("deliveries", "BIGINT", "deliveries that it is about"),
    ("first_at", "TIMESTAMP", "earliest of them; UTC"),
    ("last_at", "TIMESTAMP", "latest of them; UTC"),
    ("explain", "VARCHAR", "what it means"),
    ("next_check", "VARCHAR", "what to do next"),
    ("confidence", "DOUBLE", "share of the required evidence that was found, 0 to 1"),
    ("rank", "BIGINT", "place among all findings; 1 is what to look at first"),
    ("evidence", "VARCHAR", "required evidence: piece=found/asked, for each piece of the rule"),
    ("against", "VARCHAR", "what speaks against it, in the same form; empty where nothing does"),
)

FINDING_EVIDENCE = define_table(
    "finding_evidence",
    "one line of an export or log on which a finding rests; of its first 20 deliveries a day",
    ("rule_id", "VARCHAR", "rule; the name of its file"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it"),
    ("stance", "VARCHAR", "for or against"),
    ("event_uuid", "VARCHAR", "event; NULL where it is about the endpoint as a whole"),
    ("happened_at", "TIMESTAMP", "time that the line names, by the clock of its log; UTC"),
    ("side", "VARCHAR", "sender, or the layer of the log; NULL: no line, `what` says it"),
    ("status", "VARCHAR", "sender's status of the attempt, or the step that the line names"),
    ("http_status", "SMALLINT", "answer"),
    ("error_kind", "VARCHAR", "why the attempt got no answer"),
    ("method", "VARCHAR", "HTTP method"),
    ("path", "VARCHAR", "path of the request"),
    ("message", "VARCHAR", "first exception or message of a failure, scrubbed"),
    ("what", "VARCHAR", "what the rule counted: key=value key=value"),
    ("stream", "VARCHAR", "log or export that holds it"),
    ("line", "BIGINT", "line in it"),
    ("file_id", "INTEGER", "file of the manifest"),
)

DIAGNOSED = (FINDING_DELIVERIES, FINDING_SPANS, FINDINGS, FINDING_EVIDENCE)
