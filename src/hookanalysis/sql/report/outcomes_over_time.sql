/* outcomes_over_time: what became of the deliveries, tests left out.
   grain:  one step of time and outcome
   inputs: judged; $unit: hour, day, week, month or year; $zone: whose clock */
SELECT
  step_of(happened_at, $unit, $zone) AS step_at,
  outcome,
  COUNT(*) AS deliveries
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test AND happened_at IS NOT NULL
GROUP BY 1, outcome
ORDER BY step_at, outcome
