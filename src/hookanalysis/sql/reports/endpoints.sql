/* endpoints: those with the most failed attempts, then with the most attempts.
   grain:  one endpoint
   inputs: endpoint_hours; $since and $until, $endpoint; $most: how many */
SELECT
  endpoint_url,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(failed) AS BIGINT) AS failed,
  COUNT(*) OVER () AS endpoints
FROM endpoint_hours
WHERE hour_at >= DATE_TRUNC('hour', CAST($since AS TIMESTAMP))
  AND hour_at < CAST($until AS TIMESTAMP)
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
  )
GROUP BY endpoint_url
HAVING SUM(attempts) > 0
ORDER BY failed DESC, attempts DESC, endpoint_url
LIMIT $most
