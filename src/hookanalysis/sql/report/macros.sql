/* macros: what the queries of facts and reports have in common.

   They take what is asked for: `since` and `until` (exclusive; UTC), one endpoint (a URL; or a
   host, for all of its endpoints) and one event type. NULL or '' is any. */

CREATE OR REPLACE TEMP MACRO in_period(moment, since, until) AS (
  (CAST(since AS TIMESTAMP) IS NULL OR moment >= CAST(since AS TIMESTAMP))
  AND (CAST(until AS TIMESTAMP) IS NULL OR moment < CAST(until AS TIMESTAMP))
);

CREATE OR REPLACE TEMP MACRO touches(starts_at, ends_at, since, until) AS (
  (CAST(since AS TIMESTAMP) IS NULL OR ends_at >= CAST(since AS TIMESTAMP))
  AND (CAST(until AS TIMESTAMP) IS NULL OR starts_at < CAST(until AS TIMESTAMP))
);

CREATE OR REPLACE TEMP MACRO at_endpoint(url, only_endpoint) AS (
  COALESCE(CAST(only_endpoint AS VARCHAR), '') IN ('', url, LOWER(SPLIT_PART(url, '/', 3)))
);

-- The start of the step in which a time falls, by the clocks of a zone.
CREATE OR REPLACE TEMP MACRO step_of(moment, unit, zone) AS (
  DATE_TRUNC(unit, timezone(zone, timezone('UTC', moment)))
);

-- The deliveries of a period, each at the time that it belongs to: that of the first attempt;
-- without one, of the first arrival; without either, the time at which the event happened.
-- unlisted: the receiver accepted it, and no export tells. counted: part of the shares, being the
-- sender's to deliver, no test and not pending. arrived: accepted at least once, and no test.
CREATE OR REPLACE TEMP MACRO judged(since, until, only_endpoint, only_type) AS TABLE
WITH event_times AS (
  SELECT event_uuid, MIN(created_at) AS created_at
  FROM attempt_records WHERE attempted_at IS NULL
  GROUP BY event_uuid
),
timed_deliveries AS (
  SELECT
    d.event_uuid, COALESCE(d.endpoint_url, '') AS endpoint_url, d.event_type, d.transaction_id,
    COALESCE(d.first_attempt_at, d.first_receipt_at, t.created_at) AS happened_at,
    d.outcome, COALESCE(d.detail, d.outcome) AS detail, COALESCE(d.reason, '') AS reason,
    d.first_attempt_at, COALESCE(d.attempts, 0) AS attempts, d.last_status, d.last_http_status,
    d.last_error_kind, d.first_receipt_at, COALESCE(d.receipts, 0) AS receipts,
    d.accepted_count, d.processed_count, d.lag_ms, COALESCE(d.is_test, FALSE) AS is_test,
    COALESCE(d.detail = 'sender_coverage' AND d.accepted_count > 0, FALSE) AS unlisted
  FROM deliveries AS d
  LEFT JOIN event_times AS t ON t.event_uuid = d.event_uuid
)
SELECT *,
  outcome NOT IN ('pending', 'unexpected') AND NOT unlisted AND NOT is_test AS counted,
  outcome IN ('delivered', 'recovered', 'duplicated', 'unacknowledged') AND detail <> 'unanswered'
    AND NOT is_test AS arrived
FROM timed_deliveries
WHERE in_period(happened_at, since, until) AND at_endpoint(endpoint_url, only_endpoint)
  AND COALESCE(CAST(only_type AS VARCHAR), '') IN ('', event_type);

-- The attempts made in a period, tests left out.
CREATE OR REPLACE TEMP MACRO tried(since, until, only_endpoint, only_type) AS TABLE
SELECT * REPLACE (COALESCE(endpoint_url, '') AS endpoint_url)
FROM attempts
WHERE attempted_at IS NOT NULL AND NOT COALESCE(is_test, FALSE)
  AND in_period(attempted_at, since, until) AND at_endpoint(endpoint_url, only_endpoint)
  AND COALESCE(CAST(only_type AS VARCHAR), '') IN ('', event_type);

-- The hours of endpoints that a period touches.
CREATE OR REPLACE TEMP MACRO hours(since, until, only_endpoint) AS TABLE
SELECT * FROM endpoint_hours
WHERE in_period(hour_at, DATE_TRUNC('hour', CAST(since AS TIMESTAMP)), until)
  AND at_endpoint(endpoint_url, only_endpoint);
