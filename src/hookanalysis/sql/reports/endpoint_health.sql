/* endpoint_health: how attempts ended.
   grain:  one endpoint and step of time
   inputs: endpoint_hours; $since and $until, $endpoint; $unit; $zone; $urls: those to show */
SELECT
  endpoint_url,
  DATE_TRUNC($unit, timezone($zone, timezone('UTC', hour_at))) AS step_at,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(failed) AS BIGINT) AS failed,
  CAST(SUM(client_errors) AS BIGINT) AS client_errors,
  CAST(SUM(server_errors) AS BIGINT) AS server_errors,
  CAST(SUM(unanswered) AS BIGINT) AS unanswered
FROM endpoint_hours
WHERE endpoint_url IN (SELECT UNNEST($urls))
  AND hour_at >= DATE_TRUNC('hour', CAST($since AS TIMESTAMP))
  AND hour_at < CAST($until AS TIMESTAMP)
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
  )
GROUP BY endpoint_url, 2
HAVING SUM(attempts) > 0
ORDER BY endpoint_url, step_at
