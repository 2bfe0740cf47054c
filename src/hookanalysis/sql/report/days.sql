/* days: each day's deliveries, by the reader's calendar; tests left out.
   grain:  one day
   inputs: judged; $zone: whose calendar */
SELECT
  step_of(happened_at, 'day', $zone) AS step,
  COUNT(*) FILTER (counted) AS judged,
  COUNT(*) FILTER (arrived) AS delivered,
  HISTOGRAM(outcome) FILTER (counted) AS outcomes
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test AND happened_at IS NOT NULL
GROUP BY step
ORDER BY step
