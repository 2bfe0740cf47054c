/* delivery_flags: the plain facts that a verdict rests on, for each delivery.
   grain:  one event for one endpoint
   inputs: sender_deliveries, omissions, layer_deliveries, absences, time_clusters, matches,
           processing_logs, coverage, settings

   Receipts are counted in one layer: the innermost log that has any, application first, for it is
   nearest to what became of the event. Other layers are never added to it.
   processed_count is NULL where no log tells; 0 only where a log that would tell says nothing. */
WITH cases AS (
  SELECT
    event_uuid, endpoint_url, event_type, transaction_id, says, first_attempt_at, last_attempt_at,
    attempts, last_status, last_http_status, last_error_kind, had_failure, never_sent, is_test,
    COALESCE(last_attempt_at, created_at) AS last_seen_at
  FROM sender_deliveries
)
SELECT 1
