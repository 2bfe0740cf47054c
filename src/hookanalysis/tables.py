"""The contract between loading and everything after it: tables, columns, types, units, meanings.

The DDL and the tables of docs/reference.md are generated from here. Times are UTC `TIMESTAMP`.
Loading fills the base tables; `sql/*.sql` makes the views and results out of them.
"""

from __future__ import annotations

from .results import (
    CANDIDATES,
    CLOCK_OFFSETS,
    CLUSTERS,
    DELIVERIES,
    DIAGNOSED,
    ENDPOINT_HOURS,
    INCIDENTS,
    MATCHES,
    REQUESTS,
    RESENDS,
    SENDER_ADDRESSES,
    SIGNATURE_CHECKS,
    SYMPTOMS,
    UNTRIED_EVENTS,
    ZONE_ERRORS,
    define_table,
)

SCHEMA_VERSION = 4

_PLACE = (
    ("file_id", "INTEGER", "file of the manifest that the record was read from"),
    ("generation_id", "INTEGER", "generation (one growing log, however it is named or packed)"),
    ("line", "BIGINT", "line in the generation, from 1"),
    ("byte_offset", "BIGINT", "byte in the generation's normalised (UTF-8) text, from 0"),
)

META = define_table(
    "meta",
    "the workspace itself: one row",
    ("schema_version", "INTEGER", "version of these tables"),
    ("reconciled_file_id", "INTEGER", "last file that the results know of; NULL: none yet"),
    ("tzdata", "VARCHAR", "database that read local times: DuckDB's, with a hash of its rules"),
)

FILES = define_table(
    "files",
    "one offer of a file to `load`: the manifest",
    ("file_id", "INTEGER", "number of the offer"),
    ("generation_id", "INTEGER", "generation that the file belongs to; NULL when refused"),
    ("path", "VARCHAR", "path as it was given"),
    ("status", "VARCHAR", "loaded, unchanged, grown or refused"),
    ("reason", "VARCHAR", "why it was refused, or what to know about it"),
    ("stored_bytes", "BIGINT", "size on disk, bytes"),
    ("text_bytes", "BIGINT", "size of the normalised text, bytes"),
    ("first_byte", "BIGINT", "where this load began in the generation"),
    ("records", "BIGINT", "records read by this load"),
    ("kept", "BIGINT", "records kept as attempts or receipts"),
    ("rejected", "BIGINT", "records that fit no rule of the format"),
    ("ignored", "BIGINT", "records that are no request by rule: blank lines, headers, notices"),
    ("tail_bytes", "BIGINT", "bytes of an unfinished last line, left for the next load"),
    ("stripped_bytes", "BIGINT", "bytes of byte-order mark and leading NULs"),
    ("integrity", "VARCHAR", "whole, or truncated (a damaged end, salvaged)"),
    ("lacking_stream", "VARCHAR", "of a refused or damaged log: the stream that lacks it"),
    ("lacking_layer", "VARCHAR", "the layer of that stream; NULL where nobody could tell"),
)

GENERATIONS = define_table(
    "generations",
    "one growing log or one export, recognised by a hash of all bytes loaded",
    ("generation_id", "INTEGER", "number of the generation"),
    ("side", "VARCHAR", "sender or receiver"),
    ("stream", "VARCHAR", "one writer: one host and one log"),
    ("layer", "VARCHAR", "edge, app, queue or table; NULL on the sender's side"),
    ("format", "VARCHAR", "id of the format that read it"),
    ("timezone", "VARCHAR", "zone assumed for times without one; NULL when every time had one"),
    ("time_marks", "VARCHAR", "start or end: the moment of the request that a line's time names"),
    ("time_resolution_ms", "DOUBLE", "smallest step of the times, milliseconds"),
    ("completeness", "VARCHAR", "all, failures, successes, events, sample, copytruncate, complete"),
    ("retention_days", "DOUBLE", "how long the sender keeps what it lists; NULL: see `settings`"),
    ("timeout_s", "DOUBLE", "how long the sender waits for an answer; NULL: not known"),
    ("head_hash", "VARCHAR", "hash of the first record"),
    ("content_hash", "VARCHAR", "hash of all bytes loaded"),
    ("loaded_bytes", "BIGINT", "how many bytes that is"),
    ("loaded_lines", "BIGINT", "how many lines that is"),
    ("integrity", "VARCHAR", "whole, or truncated"),
)

ATTEMPT_RECORDS = define_table(
    "attempt_records",
    "one row of a sender's export: what it says of one attempt (or of an event without one)",
    *_PLACE,
    ("attempt_id", "VARCHAR", "sender's id of the attempt; NULL where the export has none"),
    ("event_uuid", "VARCHAR", "webhook_event_uuid, lower case"),
    ("endpoint_url", "VARCHAR", "URL that the sender posts to"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("transaction_id", "VARCHAR", "payload id; several events share it"),
    ("created_at", "TIMESTAMP", "when the event happened; UTC"),
    ("attempted_at", "TIMESTAMP", "when the attempt was made; UTC; NULL where no time is told"),
    ("status", "VARCHAR", "success, failed, pending or none (an event without attempt)"),
    ("http_status", "SMALLINT", "receiver's answer as the sender saw it; NULL without an answer"),
    ("error_kind", "VARCHAR", "timeout, refused, dns, tls, other (no answer); signature: refused"),
    ("response", "VARCHAR", "response body or error text, scrubbed, at most 200 characters"),
    ("latency_ms", "DOUBLE", "duration of the attempt, milliseconds"),
    ("payload_hash", "VARCHAR", "hash of the payload; the payload itself is never kept"),
    ("payload_keys", "VARCHAR", "shape of the payload: its sorted keys, two levels"),
    ("signature_head", "VARCHAR", "first 12 digits of X-SHOWPASS-SIGNATURE, where it is listed"),
    ("row_hash", "UBIGINT", "hash of the row's values, where it has no attempt id: its identity"),
)

RECEIPT_RECORDS = define_table(
    "receipt_records",
    "one line of a receiver's log that may be about a webhook",
    *_PLACE,
    ("event_uuid", "VARCHAR", "webhook_event_uuid named by its key, lower case"),
    ("candidate_uuids", "VARCHAR[]", "bare uuids of a line without the key, lower case"),
    ("transaction_id", "VARCHAR", "payload id, where the line names it"),
    ("event_type", "VARCHAR", "such as invoice.purchase, where the line names it"),
    ("logged_at", "TIMESTAMP", "time of the line; UTC"),
    ("duration_ms", "DOUBLE", "duration of the request, milliseconds"),
    ("method", "VARCHAR", "HTTP method"),
    ("path", "VARCHAR", "path of the request, without its query"),
    ("query_hashes", "VARCHAR[]", "a hash of each pair of its query; NULL without one"),
    ("http_status", "SMALLINT", "the receiver's answer; NULL where the line does not say"),
    ("response_bytes", "BIGINT", "size of the answer, bytes"),
    ("source_ip", "VARCHAR", "address that the request came from"),
    ("request_id", "VARCHAR", "id that lines of one request share"),
    ("level", "VARCHAR", "debug, info, warning, error or critical"),
    ("step", "VARCHAR", "received, processed, duplicate, signature_failed or failed"),
    ("message", "VARCHAR", "message, scrubbed, at most 200 characters"),
    ("exception", "VARCHAR", "first and last exception of its stack trace, a line each, scrubbed"),
    ("signature_head", "VARCHAR", "first 12 digits of X-SHOWPASS-SIGNATURE, where it is logged"),
    ("record_hash", "UBIGINT", "hash of the record; comparable within one DuckDB version"),
)

REJECTS = define_table(
    "rejects",
    "one record, or run of lines, that could not be read; its text stays in the file",
    *_PLACE,
    ("bytes", "BIGINT", "size, bytes"),
    ("lines", "BIGINT", "physical lines that it spans"),
    ("reason", "VARCHAR", "reason code, such as no_time or bad_time"),
    ("detail", "VARCHAR", "how far matching got; never a value of the record"),
)

ACTIVITY = define_table(
    "activity",
    "one minute in which a generation was written: the evidence for coverage",
    ("generation_id", "INTEGER", "generation"),
    ("file_id", "INTEGER", "file of the manifest"),
    ("minute_at", "TIMESTAMP", "the minute; UTC"),
    ("first_at", "TIMESTAMP", "earliest time in it; UTC"),
    ("last_at", "TIMESTAMP", "latest time in it; UTC"),
    ("first_line", "BIGINT", "first line with such a time"),
    ("last_line", "BIGINT", "last line with such a time"),
    ("records", "BIGINT", "records with such a time"),
    ("later_at", "TIMESTAMP", "latest second reading of a local time shown twice; else NULL"),
    ("seconds", "UBIGINT", "bit n is set: it has a line in the minute's second n"),
)

SETTINGS = define_table(
    "settings",
    "the thresholds that the SQL steps read: one row",
    ("grace_minutes", "DOUBLE", "patience after the last attempt before a delivery is judged"),
    ("tolerance_seconds", "DOUBLE", "largest time between matched records, after the offset"),
    ("timeout_seconds", "DOUBLE", "longest time that a sender waits for an answer"),
    ("heartbeat_minutes", "DOUBLE", "silence that is never ordinary in a log, however slow"),
    ("retention_days", "DOUBLE", "age at which the sender forgets its attempts"),
    ("same_send_seconds", "DOUBLE", "two arrivals this close from one attempt: a double send"),
    ("settle_seconds", "DOUBLE", "time that the sender's log may take to show an attempt"),
    ("since_at", "TIMESTAMP", "judge deliveries from this time on; NULL for all"),
    ("until_at", "TIMESTAMP", "judge deliveries before this time; NULL for all"),
    ("sender_ips", "VARCHAR[]", "addresses that the sender posts from; empty when unknown"),
    ("test_event_types", "VARCHAR[]", "event types left out of rates"),
    ("secret_variable", "VARCHAR", "environment variable that holds the endpoints' secret key"),
)

ENDPOINTS = define_table(
    "endpoints",
    "one endpoint named in the settings (others are learnt from the exports)",
    ("endpoint_url", "VARCHAR", "URL that the sender posts to"),
    ("path", "VARCHAR", "its path"),
)

ACKNOWLEDGEMENTS = define_table(
    "acknowledgements",
    "one problem that somebody knows of: until its end it raises no alarm",
    ("rule_id", "VARCHAR", "rule of the finding"),
    ("endpoint_url", "VARCHAR", "endpoint of the finding; empty: any"),
    ("until_day", "DATE", "last day for which it holds, by the reader's calendar; NULL: no end"),
    ("note", "VARCHAR", "what is known of it, in the words of whoever acknowledged it"),
)

OUTCOMES = {
    "delivered": "accepted once, at the first try",
    "recovered": "accepted once, after a failed attempt",
    "duplicated": "accepted more than once",
    "unacknowledged": "accepted once, or at work when the sender left: a resend may duplicate it",
    "unprocessed": "answered with success at the edge, and never handled by the application",
    "refused": "it arrived, and the receiver answered with an error each time",
    "missed": "proven not to have arrived",
    "pending": "still within the time that an answer may take",
    "unexpected": "the receiver has it, and the sender's export, which covers the time, does not",
    "undetermined": "the logs at hand cannot tell",
}

HISTORY = define_table(
    "history",
    "one day and endpoint, as a run of `daily` found it; a later run adds a row where it differs",
    ("timezone", "VARCHAR", "zone of the day, as `daily` was asked for it"),
    ("day", "DATE", "day of the deliveries"),
    ("endpoint_url", "VARCHAR", "endpoint; empty where nobody knows it, and for a day without any"),
    ("as_of", "DATE", "the day that the run was about, or that of a later run before it"),
    ("judged", "BIGINT", "deliveries that the shares of reports are of; tests left out, as below"),
    ("arrived", "BIGINT", "of these, accepted at least once"),
    *((name, "BIGINT", f"deliveries that were {name}") for name in OUTCOMES),
    ("verdicts", "UBIGINT", "a hash of the day's verdicts; NULL without a delivery"),
    ("pruned", "BOOLEAN", "what it counts is pruned: it stays as it is"),
)

# What reconciling does not make anew, and forgetting does not take.
KEPT = (ACKNOWLEDGEMENTS, HISTORY)

BASE_TABLES = (
    META,
    FILES,
    GENERATIONS,
    ATTEMPT_RECORDS,
    RECEIPT_RECORDS,
    REJECTS,
    ACTIVITY,
    SETTINGS,
    ENDPOINTS,
)

ATTEMPTS = define_table(
    "attempts",
    "one HTTP try, as the sender logged it; observations of it in several exports are merged",
    ("attempt_key", "VARCHAR", "sender's attempt id, else a key made of the row itself"),
    ("event_uuid", "VARCHAR", "webhook_event_uuid"),
    ("endpoint_url", "VARCHAR", "URL that the sender posts to"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("transaction_id", "VARCHAR", "payload id; several events share it"),
    ("created_at", "TIMESTAMP", "when the event happened; UTC"),
    ("attempted_at", "TIMESTAMP", "when the attempt was made; UTC; NULL for an event without one"),
    ("attempted_until", "TIMESTAMP", "latest it can be, attempted_at the earliest; else NULL"),
    ("status", "VARCHAR", "success, failed, pending, none, or conflict"),
    ("http_status", "SMALLINT", "receiver's answer as the sender saw it"),
    ("error_kind", "VARCHAR", "timeout, refused, dns, tls, other (no answer); signature: refused"),
    ("response", "VARCHAR", "response body or error text, scrubbed"),
    ("latency_ms", "DOUBLE", "duration of the attempt, milliseconds"),
    ("is_test", "BOOLEAN", "a test event, left out of rates"),
    ("observations", "BIGINT", "rows of exports that tell of it"),
    ("file_id", "INTEGER", "file of the row that is quoted as evidence"),
    ("line", "BIGINT", "line of that row"),
    ("delivery_no", "BIGINT", "number of the delivery, as in `deliveries`"),
)

RECEIPTS = define_table(
    "receipts",
    "one arrival within one layer; the lines of one request are one receipt",
    ("receipt_id", "BIGINT", "generation x 10,000,000,000,000 + byte of its first line"),
    ("layer", "VARCHAR", "edge, app, queue or table"),
    ("stream", "VARCHAR", "log that holds it"),
    ("event_uuid", "VARCHAR", "webhook_event_uuid, where the lines name it"),
    ("uuid_by", "VARCHAR", "key (named), known (bare, and exported), transaction, or NULL"),
    ("transaction_id", "VARCHAR", "payload id"),
    ("event_type", "VARCHAR", "such as invoice.purchase"),
    ("received_at", "TIMESTAMP", "start of the request as far as the log tells; receiver's clock"),
    ("ended_at", "TIMESTAMP", "last time of its lines; receiver's clock"),
    ("duration_ms", "DOUBLE", "duration of the request, milliseconds"),
    ("method", "VARCHAR", "HTTP method"),
    ("path", "VARCHAR", "path of the request"),
    ("http_status", "SMALLINT", "the receiver's answer"),
    ("source_ip", "VARCHAR", "address that the request came from"),
    ("request_id", "VARCHAR", "id that its lines share"),
    ("accepted", "BOOLEAN", "answered 2xx, or processed without a status; NULL: not told"),
    ("processed", "BOOLEAN", "the application says so; false: it says it failed; NULL: not told"),
    ("known_before", "BOOLEAN", "the application says that it had the event already"),
    ("signature_failed", "BOOLEAN", "the application says that the signature did not fit"),
    ("lines", "BIGINT", "lines that tell of it"),
    ("file_id", "INTEGER", "file of its first line"),
    ("line", "BIGINT", "its first line"),
)

COVERAGE = define_table(
    "coverage",
    "one interval in which a stream can testify, or a hole with its reason",
    ("side", "VARCHAR", "sender or receiver"),
    ("layer", "VARCHAR", "edge, app, queue or table; NULL on the sender's side"),
    ("stream", "VARCHAR", "stream"),
    ("starts_at", "TIMESTAMP", "start; the stream's own clock; UTC"),
    ("ends_at", "TIMESTAMP", "end; the stream's own clock; UTC"),
    ("covered", "BOOLEAN", "true: it can testify; false: a hole"),
    ("completeness", "VARCHAR", "all, failures, successes or events"),
    ("reason", "VARCHAR", "reason code of a hole; NULL where it can testify"),
    ("records", "BIGINT", "records in it"),
)

MERGED = (ATTEMPTS, RECEIPTS, COVERAGE)

RESULTS = (
    CLOCK_OFFSETS,
    ZONE_ERRORS,
    REQUESTS,
    CANDIDATES,
    MATCHES,
    CLUSTERS,
    DELIVERIES,
    ENDPOINT_HOURS,
    INCIDENTS,
    SENDER_ADDRESSES,
    SIGNATURE_CHECKS,
    SYMPTOMS,
    UNTRIED_EVENTS,
    RESENDS,
    *DIAGNOSED,
)
TABLES = {table.name: table for table in (*BASE_TABLES, *KEPT, *MERGED, *RESULTS)}
