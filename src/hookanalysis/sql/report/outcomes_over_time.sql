/* outcomes_over_time: what became of the deliveries, by time and endpoint; tests left out.
   grain:  one step of time, outcome and endpoint; all but the $most busiest in trouble as ''
   inputs: judged; $unit; $zone: whose clock; $most: how many endpoints */
WITH shown AS (
  SELECT endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test
  GROUP BY endpoint_url
  ORDER BY COUNT(*) FILTER (WHERE outcome NOT IN ('delivered', 'recovered')) DESC, COUNT(*) DESC,
    endpoint_url
  LIMIT $most
)
SELECT
  step_of(j.happened_at, $unit, $zone) AS step,
  j.outcome,
  s.endpoint_url,
  COUNT(*) AS deliveries
FROM judged($since, $until, $endpoint, $event_type) AS j
LEFT JOIN shown AS s ON s.endpoint_url = j.endpoint_url
WHERE NOT j.is_test AND j.happened_at IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY step, j.outcome, s.endpoint_url NULLS LAST
