/* endpoint_health: how attempts ended.
   grain:  one endpoint and step of time; without $urls, one step
   inputs: hours; $unit, $zone: the steps; $urls: endpoints to show; NULL: the sums of all */
SELECT
  CASE WHEN $urls IS NOT NULL THEN endpoint_url END AS endpoint_url,
  step_of(hour_at, $unit, $zone) AS step,
  CAST(SUM(COLUMNS(['attempts', 'failed', 'client_errors', 'server_errors', 'unanswered'])) AS BIGINT)
FROM hours($since, $until, $endpoint)
WHERE $urls IS NULL OR list_contains($urls, endpoint_url)
GROUP BY 1, 2
HAVING SUM(attempts) > 0
ORDER BY 1, 2
