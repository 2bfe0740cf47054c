/* outcomes_over_time: what became of the deliveries, by time and endpoint; tests left out.
   grain:  one step of time, outcome and endpoint; all but the $most busiest in trouble as ''
   inputs: judged; $unit; $zone: whose clock; $most: how many endpoints */
WITH shown AS (
  SELECT endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test GROUP BY endpoint_url
  ORDER BY COUNT(*) FILTER (WHERE outcome NOT IN ('delivered', 'recovered')) DESC, COUNT(*) DESC,
    endpoint_url
  LIMIT $most
)
SELECT step_of(j.happened_at, $unit, $zone) AS step, j.outcome, s.endpoint_url, COUNT(*) AS deliveries
FROM judged($since, $until, $endpoint, $event_type) AS j
LEFT JOIN shown AS s ON s.endpoint_url = j.endpoint_url
WHERE NOT j.is_test AND j.happened_at IS NOT NULL GROUP BY 1, 2, 3
ORDER BY step, j.outcome, s.endpoint_url NULLS LAST

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

/* endpoint_health: how attempts ended.
   grain:  one endpoint and step of time; without $urls, one step
   inputs: hours; $unit, $zone: the steps; $urls: endpoints to show; NULL: the sums of all */
SELECT
  CASE WHEN $urls IS NOT NULL THEN endpoint_url END AS endpoint_url,
  step_of(hour_at, $unit, $zone) AS step,
  CAST(SUM(COLUMNS(['attempts', 'failed', 'client_errors', 'server_errors', 'unanswered'])) AS BIGINT)
FROM hours($since, $until, $endpoint)
WHERE $urls IS NULL OR list_contains($urls, endpoint_url) GROUP BY 1, 2
HAVING SUM(attempts) > 0
ORDER BY 1, 2

/* busiest_endpoints: those with the most failed attempts, then with the most attempts.
   grain:  one endpoint
   inputs: hours; $most: how many */
SELECT
  endpoint_url, CAST(SUM(attempts) AS BIGINT) AS attempts, CAST(SUM(failed) AS BIGINT) AS failed,
  COUNT(*) OVER () AS endpoints
FROM hours($since, $until, $endpoint)
GROUP BY endpoint_url
HAVING SUM(attempts) > 0
ORDER BY failed DESC, attempts DESC, endpoint_url
LIMIT $most

/* lags: time from first attempt to first accepted arrival, ms; tests left out.
   grain:  one endpoint and step of time; the $most slowest endpoints
   inputs: judged; $unit; $zone */
FROM (
  SELECT
    endpoint_url, step_of(happened_at, $unit, $zone) AS step, COUNT(*) AS deliveries,
    QUANTILE_CONT(lag_ms, 0.50) AS p50, QUANTILE_CONT(lag_ms, 0.95) AS p95,
    MAX(p95) OVER (PARTITION BY endpoint_url) AS slowest
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test AND lag_ms IS NOT NULL AND happened_at IS NOT NULL
  GROUP BY endpoint_url, 2
)
QUALIFY DENSE_RANK() OVER (ORDER BY slowest DESC, endpoint_url) <= $most
ORDER BY slowest DESC, endpoint_url, step

/* intervals: when each log can testify, and its holes, cut to the period; the longest first.
   grain:  one interval of one stream
   inputs: coverage; $most: how many */
SELECT
  COALESCE(layer, side) AS layer, stream, covered, reason, records,
  GREATEST(c.starts_at, CAST($since AS TIMESTAMP)) AS starts_at,
  LEAST(c.ends_at, CAST($until AS TIMESTAMP)) AS ends_at,
  EPOCH(alias.ends_at - alias.starts_at) AS seconds
FROM coverage AS c
WHERE c.ends_at > c.starts_at AND touches(c.starts_at, c.ends_at, $since, $until)
  AND c.ends_at IS DISTINCT FROM $since
ORDER BY c.ends_at - c.starts_at DESC, 1, stream, c.starts_at, covered
LIMIT $most
