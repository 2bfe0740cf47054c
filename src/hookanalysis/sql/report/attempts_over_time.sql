/* attempts_over_time: what the sender tried, and how it ended; tests left out.
   grain:  one step of time and result
   inputs: tried, deliveries; $unit, $zone: the steps

   A success of a delivery that never arrived, or was never processed, had no effect. */
SELECT
  step_of(t.attempted_at, $unit, $zone) AS step,
  CASE
    WHEN t.status = 'success' AND d.outcome IN ('missed', 'unprocessed') THEN 'no_effect'
    WHEN t.status IN ('success', 'failed') THEN t.status
    ELSE 'pending'
  END AS result,
  COUNT(*) AS attempts
FROM tried($since, $until, $endpoint, $event_type) AS t
LEFT JOIN deliveries AS d
  ON d.event_uuid = t.event_uuid AND COALESCE(d.endpoint_url, '') = t.endpoint_url
GROUP BY step, result
ORDER BY step, result
