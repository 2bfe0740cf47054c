/* attempts_over_time: what the sender tried, and how it ended; tests left out.
   grain:  one step of time and result
   inputs: attempts, deliveries; $since and $until, $endpoint, $event_type, NULL for any; $unit;
           $zone

   A success of a delivery that never arrived, or was never processed, had no effect. */
SELECT
  DATE_TRUNC($unit, timezone($zone, timezone('UTC', a.attempted_at))) AS step_at,
  CASE
    WHEN a.status = 'success' AND d.outcome IN ('missed', 'unprocessed') THEN 'no effect'
    WHEN a.status IN ('success', 'failed') THEN a.status
    ELSE 'pending'
  END AS result,
  COUNT(*) AS attempts
FROM attempts AS a
LEFT JOIN deliveries AS d
  ON d.event_uuid = a.event_uuid
  AND COALESCE(d.endpoint_url, '') = COALESCE(a.endpoint_url, '')
WHERE a.attempted_at >= CAST($since AS TIMESTAMP)
  AND a.attempted_at < CAST($until AS TIMESTAMP)
  AND NOT COALESCE(a.is_test, FALSE)
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (a.endpoint_url, LOWER(SPLIT_PART(a.endpoint_url, '/', 3)))
  )
  AND (CAST($event_type AS VARCHAR) IS NULL OR a.event_type = CAST($event_type AS VARCHAR))
GROUP BY 1, 2
ORDER BY step_at, result
