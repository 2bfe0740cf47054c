/* attempts_over_time: what the sender tried, and how it ended; tests left out.
   grain:  one step of time and status
   inputs: attempts; $since and $until, $endpoint, $event_type, NULL for any; $unit; $zone */
SELECT
  DATE_TRUNC($unit, timezone($zone, timezone('UTC', attempted_at))) AS step_at,
  CASE WHEN status IN ('success', 'failed') THEN status ELSE 'pending' END AS result,
  COUNT(*) AS attempts
FROM attempts
WHERE attempted_at >= CAST($since AS TIMESTAMP)
  AND attempted_at < CAST($until AS TIMESTAMP)
  AND NOT COALESCE(is_test, FALSE)
  AND (CAST($endpoint AS VARCHAR) IS NULL OR endpoint_url = CAST($endpoint AS VARCHAR))
  AND (CAST($event_type AS VARCHAR) IS NULL OR event_type = CAST($event_type AS VARCHAR))
GROUP BY 1, 2
ORDER BY step_at, result
