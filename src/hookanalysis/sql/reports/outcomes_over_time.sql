/* outcomes_over_time: what became of the deliveries, tests left out.
   grain:  one step of time and outcome
   inputs: judged (facts/judged.sql); $unit: hour, day, week, month or year; $zone: whose clock */
SELECT
  DATE_TRUNC($unit, timezone($zone, timezone('UTC', happened_at))) AS step_at,
  outcome,
  COUNT(*) AS deliveries
FROM judged
WHERE NOT is_test AND happened_at IS NOT NULL
GROUP BY 1, outcome
ORDER BY step_at, outcome
