/* judged: the deliveries of a period, each at the time that it belongs to.
   grain:  one delivery
   inputs: deliveries, attempt_records; $since and $until (exclusive), $endpoint, $event_type;
           NULL for any; a host in the place of an endpoint: all of its endpoints

   The time is that of the first attempt; without one, of the first arrival; without either, the
   time at which the event happened. unlisted: the receiver accepted it, and no export tells. */
WITH event_times AS (
  SELECT event_uuid, MIN(created_at) AS created_at
  FROM attempt_records
  WHERE attempted_at IS NULL
  GROUP BY event_uuid
),
timed_deliveries AS (
  SELECT
    d.event_uuid,
    COALESCE(d.endpoint_url, '') AS endpoint_url,
    COALESCE(d.first_attempt_at, d.first_receipt_at, t.created_at) AS happened_at,
    d.event_type,
    d.outcome,
    COALESCE(d.detail, d.outcome) AS detail,
    COALESCE(d.reason, '') AS reason,
    COALESCE(d.attempts, 0) AS attempts,
    COALESCE(d.receipts, 0) AS receipts,
    d.accepted_count,
    d.processed_count,
    d.detail = 'sender_coverage' AND d.accepted_count > 0 AS unlisted,
    d.lag_ms,
    COALESCE(d.is_test, FALSE) AS is_test
  FROM deliveries AS d
  LEFT JOIN event_times AS t ON t.event_uuid = d.event_uuid
)
SELECT
  event_uuid, endpoint_url, happened_at, event_type, outcome, detail, reason, attempts, receipts,
  accepted_count, processed_count, COALESCE(unlisted, FALSE) AS unlisted, lag_ms, is_test
FROM timed_deliveries
WHERE (CAST($since AS TIMESTAMP) IS NULL OR happened_at >= CAST($since AS TIMESTAMP))
  AND (CAST($until AS TIMESTAMP) IS NULL OR happened_at < CAST($until AS TIMESTAMP))
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
  )
  AND (CAST($event_type AS VARCHAR) IS NULL OR event_type = CAST($event_type AS VARCHAR))
