/* endpoint_facts: attempts made within the period, and lag of its deliveries; tests left out.
   grain:  one endpoint
   inputs: tried, judged */
WITH tries AS (
  SELECT
    endpoint_url, COUNT(*) AS attempts,
    COUNT(*) FILTER (WHERE status = 'success') AS succeeded,
    COUNT(*) FILTER (WHERE status = 'failed') AS failed,
    COUNT(*) FILTER (WHERE http_status BETWEEN 400 AND 499) AS client_errors,
    COUNT(*) FILTER (WHERE http_status BETWEEN 500 AND 599) AS server_errors,
    COUNT(*) FILTER (WHERE status = 'failed' AND http_status IS NULL) AS unanswered
  FROM tried($since, $until, $endpoint, $event_type)
  GROUP BY endpoint_url
),
lags AS (
  SELECT
    endpoint_url,
    PERCENTILE_CONT(0.50) WITHIN GROUP (ORDER BY lag_ms) AS lag_p50_ms,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY lag_ms) AS lag_p95_ms,
    PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY lag_ms) AS lag_p99_ms,
    COUNT(lag_ms) AS lag_deliveries
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test
  GROUP BY endpoint_url
)
SELECT
  endpoint_url, COALESCE(attempts, 0) AS attempts, COALESCE(succeeded, 0) AS succeeded,
  COALESCE(failed, 0) AS failed, COALESCE(client_errors, 0) AS client_errors,
  COALESCE(server_errors, 0) AS server_errors, COALESCE(unanswered, 0) AS unanswered, lag_p50_ms,
  lag_p95_ms, lag_p99_ms,
  COALESCE(lag_deliveries, 0) AS lag_deliveries
FROM lags
FULL OUTER JOIN tries USING (endpoint_url)
ORDER BY endpoint_url
