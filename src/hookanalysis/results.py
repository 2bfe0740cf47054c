"""The part of the contract that reconciling makes; see `tables.py`."""

from __future__ import annotations

from .schema import define_table as _table

CLOCK_OFFSETS = _table(
    "clock_offsets",
    "one stream and day: receiver's clock minus sender's",
    ("stream", "VARCHAR", "receiver's stream"),
    ("day", "DATE", "day of the receiver's clock; UTC; NULL: the stream's value for other days"),
    ("offset_ms", "DOUBLE", "best estimate, milliseconds; 0 when nothing was measured"),
    ("low_ms", "DOUBLE", "lower end of the interval, milliseconds"),
    ("high_ms", "DOUBLE", "upper end of the interval, milliseconds"),
    ("tolerance_ms", "DOUBLE", "largest distance of a match after the offset, milliseconds"),
    ("pairs", "BIGINT", "attempt-receipt pairs that it rests on"),
    ("method", "VARCHAR", "daily_median, pooled_median, other_streams or assumed"),
)

MATCHES = _table(
    "matches",
    "one receipt and the attempt that it answers, with what a verdict needs of the receipt",
    ("receipt_id", "BIGINT", "receipt"),
    ("layer", "VARCHAR", "layer of the receipt"),
    ("stream", "VARCHAR", "log that holds it"),
    ("event_uuid", "VARCHAR", "event"),
    ("endpoint_url", "VARCHAR", "endpoint"),
    ("attempt_key", "VARCHAR", "attempt; NULL where the sender's log has none for it"),
    ("match_rule", "VARCHAR", "rung of the ladder: uuid, request_id or time"),
    ("distance_ms", "DOUBLE", "receipt minus attempt after the offset, milliseconds"),
    ("arrived_at", "TIMESTAMP", "start of the request as far as told; sender's clock; UTC"),
    ("ended_at", "TIMESTAMP", "last time of its lines; sender's clock; UTC"),
    ("path", "VARCHAR", "path of the request, if it is an endpoint's"),
    ("http_status", "SMALLINT", "the receiver's answer"),
    ("accepted", "BOOLEAN", "accepted; where the log does not tell, as the sender saw it"),
    ("processed", "BOOLEAN", "the application says so; false: it says it failed; NULL: not told"),
    ("known_before", "BOOLEAN", "the application says that it had the event already"),
    ("signature_failed", "BOOLEAN", "the application says that the signature did not fit"),
    ("stranger", "BOOLEAN", "from none of the sender's addresses, in a log that shows these"),
    ("counts", "BOOLEAN", "its request is counted here; false: in another layer, or a stranger's"),
    ("listed", "BOOLEAN", "the sender's exports have an attempt of the event for the endpoint"),
)

DELIVERIES = _table(
    "deliveries",
    "one event for one endpoint: the unit that is judged",
    ("event_uuid", "VARCHAR", "event"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("transaction_id", "VARCHAR", "payload id"),
    ("outcome", "VARCHAR", "the verdict: see the table of outcomes"),
    ("detail", "VARCHAR", "its finer code"),
    ("reason", "VARCHAR", "for undetermined: the hole, and what would close it"),
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
    ("lag_ms", "DOUBLE", "first attempt to first accepted arrival, offset removed, milliseconds"),
    ("match_rule", "VARCHAR", "weakest rung that the verdict rests on"),
    ("is_test", "BOOLEAN", "a test event, left out of rates"),
)

ENDPOINT_HOURS = _table(
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

INCIDENTS = _table(
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

SENDER_HABITS = _table(
    "sender_habits",
    "one habit of the sender, as measured: its time-out, or its wait before an attempt",
    ("habit", "VARCHAR", "timeout or resend"),
    ("nth", "BIGINT", "resend: number of the failed attempt that it follows"),
    ("median_ms", "DOUBLE", "median, milliseconds"),
    ("low_ms", "DOUBLE", "5th percentile, milliseconds"),
    ("high_ms", "DOUBLE", "95th percentile, milliseconds"),
    ("n", "BIGINT", "how many times it was seen"),
)
