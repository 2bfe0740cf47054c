/* repeated_attempts: the attempts of events that were attempted more than once.
   grain:  one attempt
   inputs: attempts

   Kept apart, for all other events need no comparing, and they are many. */
WITH repeated_events AS (
  SELECT event_uuid FROM attempts WHERE status <> 'none' GROUP BY event_uuid HAVING COUNT(*) > 1
)
SELECT
  attempt_key, event_uuid, endpoint_url, event_type, transaction_id, created_at, attempted_at,
  latency_ms, status, http_status, error_kind, is_test
FROM attempts
WHERE status <> 'none' AND event_uuid IN (SELECT event_uuid FROM repeated_events)
