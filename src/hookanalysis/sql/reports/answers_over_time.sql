/* answers_over_time: how the attempts were answered, by kind of answer.
   grain:  one step of time
   inputs: endpoint_hours; $since and $until, $endpoint; $unit; $zone: whose clock */
SELECT
  DATE_TRUNC($unit, timezone($zone, timezone('UTC', hour_at))) AS step_at,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(succeeded) AS BIGINT) AS succeeded,
  CAST(SUM(failed) AS BIGINT) AS failed,
  CAST(SUM(client_errors) AS BIGINT) AS client_errors,
  CAST(SUM(server_errors) AS BIGINT) AS server_errors,
  CAST(SUM(unanswered) AS BIGINT) AS unanswered
FROM endpoint_hours
WHERE hour_at >= DATE_TRUNC('hour', CAST($since AS TIMESTAMP))
  AND hour_at < CAST($until AS TIMESTAMP)
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
  )
GROUP BY 1
HAVING SUM(attempts) > 0
ORDER BY step_at
