/* settled: deliveries that had failed and were accepted within the period; tests left out.
   grain:  one delivery
   inputs: judged; $most: how many */
SELECT
  event_uuid, event_type, endpoint_url, first_attempt_at,
  first_attempt_at + lag_ms * INTERVAL 1 MILLISECOND AS accepted_at,
  lag_ms,
  COUNT(*) OVER () AS total
FROM judged(NULL, NULL, NULL, NULL)
WHERE outcome IN ('recovered', 'duplicated') AND detail IN ('recovered', 'resend_after_failure')
  AND NOT is_test AND in_period(accepted_at, $since, $until)
ORDER BY accepted_at, event_uuid, endpoint_url
LIMIT $most
