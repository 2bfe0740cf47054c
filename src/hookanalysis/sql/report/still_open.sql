/* still_open: what had not arrived, or not for certain, by the end of the period; tests left out.
   grain:  one outcome
   inputs: judged; $day_at: start of the period's last day */
SELECT
  outcome,
  COUNT(*) AS deliveries,
  COUNT(*) FILTER (WHERE happened_at < CAST($day_at AS TIMESTAMP)) AS older,
  MIN(happened_at) AS oldest_at,
  MAX(happened_at) AS latest_at
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome IN ('missed', 'refused', 'unprocessed', 'undetermined', 'pending')
  AND NOT is_test
GROUP BY outcome
ORDER BY deliveries DESC, outcome
