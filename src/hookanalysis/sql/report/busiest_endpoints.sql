/* busiest_endpoints: those with the most failed attempts, then with the most attempts.
   grain:  one endpoint
   inputs: hours; $most: how many */
SELECT
  endpoint_url,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(failed) AS BIGINT) AS failed,
  COUNT(*) OVER () AS endpoints
FROM hours($since, $until, $endpoint)
GROUP BY endpoint_url
HAVING SUM(attempts) > 0
ORDER BY failed DESC, attempts DESC, endpoint_url
LIMIT $most
