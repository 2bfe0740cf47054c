/* endpoints: attempts made within the period, and lag of its deliveries; tests left out.
   grain:  one endpoint
   inputs: judged, attempts; $since and $until, $endpoint, $event_type */
WITH tries AS (
  SELECT
    COALESCE(endpoint_url, '') AS endpoint_url,
    COUNT(*) AS attempts,
    COUNT(*) FILTER (WHERE status = 'success') AS succeeded,
    COUNT(*) FILTER (WHERE status = 'failed') AS failed,
    COUNT(*) FILTER (WHERE http_status BETWEEN 400 AND 499) AS client_errors,
    COUNT(*) FILTER (WHERE http_status BETWEEN 500 AND 599) AS server_errors,
    COUNT(*) FILTER (WHERE status = 'failed' AND http_status IS NULL) AS unanswered
  FROM attempts
  WHERE attempted_at IS NOT NULL
    AND NOT COALESCE(is_test, FALSE)
    AND (CAST($since AS TIMESTAMP) IS NULL OR attempted_at >= CAST($since AS TIMESTAMP))
    AND (CAST($until AS TIMESTAMP) IS NULL OR attempted_at < CAST($until AS TIMESTAMP))
    AND (
      CAST($endpoint AS VARCHAR) IS NULL
      OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
    )
    AND (CAST($event_type AS VARCHAR) IS NULL OR event_type = CAST($event_type AS VARCHAR))
  GROUP BY COALESCE(endpoint_url, '')
),
lags AS (
  SELECT
    endpoint_url,
    PERCENTILE_CONT(0.50) WITHIN GROUP (ORDER BY lag_ms) AS lag_p50_ms,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY lag_ms) AS lag_p95_ms,
    PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY lag_ms) AS lag_p99_ms,
    COUNT(lag_ms) AS lag_deliveries
  FROM judged
  WHERE NOT is_test
  GROUP BY endpoint_url
)
SELECT
  COALESCE(l.endpoint_url, t.endpoint_url) AS endpoint_url,
  COALESCE(t.attempts, 0) AS attempts,
  COALESCE(t.succeeded, 0) AS succeeded,
  COALESCE(t.failed, 0) AS failed,
  COALESCE(t.client_errors, 0) AS client_errors,
  COALESCE(t.server_errors, 0) AS server_errors,
  COALESCE(t.unanswered, 0) AS unanswered,
  l.lag_p50_ms,
  l.lag_p95_ms,
  l.lag_p99_ms,
  COALESCE(l.lag_deliveries, 0) AS lag_deliveries
FROM lags AS l
FULL OUTER JOIN tries AS t ON t.endpoint_url = l.endpoint_url
ORDER BY 1
