/* endpoint_health: how attempts ended.
   grain:  one endpoint and step of time
   inputs: hours; $unit, $zone: the steps; $urls: those to show */
SELECT
  endpoint_url,
  step_of(hour_at, $unit, $zone) AS step_at,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(failed) AS BIGINT) AS failed,
  CAST(SUM(client_errors) AS BIGINT) AS client_errors,
  CAST(SUM(server_errors) AS BIGINT) AS server_errors,
  CAST(SUM(unanswered) AS BIGINT) AS unanswered
FROM hours($since, $until, $endpoint)
WHERE endpoint_url IN (SELECT UNNEST($urls))
GROUP BY endpoint_url, step_at
HAVING SUM(attempts) > 0
ORDER BY endpoint_url, step_at
