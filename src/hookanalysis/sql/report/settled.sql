/* settled: deliveries that had failed and were accepted within the period; tests left out.
   grain:  one delivery
   inputs: deliveries; $most: how many */
WITH accepted AS (
  SELECT
    event_uuid, event_type, COALESCE(endpoint_url, '') AS endpoint_url, outcome, detail,
    first_attempt_at,
    first_attempt_at + lag_ms * INTERVAL 1 MILLISECOND AS accepted_at,
    lag_ms
  FROM deliveries
  WHERE outcome IN ('recovered', 'duplicated')
    AND detail IN ('recovered', 'resend_after_failure')
    AND NOT COALESCE(is_test, FALSE)
)
SELECT
  event_uuid, event_type, endpoint_url, outcome, first_attempt_at, accepted_at, lag_ms,
  COUNT(*) OVER () AS total
FROM accepted
WHERE in_period(accepted_at, $since, $until)
ORDER BY accepted_at, event_uuid, endpoint_url
LIMIT $most
