/* endpoint_hours: the guide's delivery-status view, from both sides; tests left out.
   grain:  one endpoint and hour of the sender's clock
   inputs: attempts, deliveries, settings */
WITH attempt_hours AS (
  SELECT
    a.endpoint_url, DATE_TRUNC('hour', a.attempted_at) AS hour_at, COUNT(*) AS attempts,
    COUNT(*) FILTER (WHERE a.status = 'success') AS succeeded,
    COUNT(*) FILTER (WHERE a.status = 'failed') AS failed,
    COUNT(*) FILTER (WHERE a.http_status BETWEEN 400 AND 499) AS client_errors,
    COUNT(*) FILTER (WHERE a.http_status BETWEEN 500 AND 599) AS server_errors,
    COUNT(*) FILTER (WHERE a.http_status IS NULL AND a.status = 'failed') AS unanswered
  FROM attempts AS a
  CROSS JOIN settings AS s
  WHERE a.attempted_at IS NOT NULL AND NOT a.is_test
    AND (s.since_at IS NULL OR a.attempted_at >= s.since_at)
    AND (s.until_at IS NULL OR a.attempted_at < s.until_at)
  GROUP BY a.endpoint_url, DATE_TRUNC('hour', a.attempted_at)
),
delivery_hours AS (
  SELECT
    endpoint_url, DATE_TRUNC('hour', first_attempt_at) AS hour_at, COUNT(*) AS deliveries,
    COUNT(*) FILTER (WHERE outcome = 'missed') AS missed,
    COUNT(*) FILTER (WHERE outcome IN ('missed', 'undetermined')) AS possibly_missed,
    COUNT(*) FILTER (WHERE outcome = 'duplicated') AS duplicated,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY lag_ms) AS lag_p50_ms,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY lag_ms) AS lag_p95_ms
  FROM deliveries
  WHERE first_attempt_at IS NOT NULL AND NOT is_test
  GROUP BY endpoint_url, DATE_TRUNC('hour', first_attempt_at)
)
SELECT
  COALESCE(a.endpoint_url, d.endpoint_url) AS endpoint_url,
  COALESCE(a.hour_at, d.hour_at) AS hour_at, COALESCE(a.attempts, 0) AS attempts,
  COALESCE(a.succeeded, 0) AS succeeded, COALESCE(a.failed, 0) AS failed,
  COALESCE(a.client_errors, 0) AS client_errors, COALESCE(a.server_errors, 0) AS server_errors,
  COALESCE(a.unanswered, 0) AS unanswered, COALESCE(d.deliveries, 0) AS deliveries,
  COALESCE(d.missed, 0) AS missed, COALESCE(d.possibly_missed, 0) AS possibly_missed,
  COALESCE(d.duplicated, 0) AS duplicated, d.lag_p50_ms, d.lag_p95_ms
FROM attempt_hours AS a
FULL OUTER JOIN delivery_hours AS d ON d.endpoint_url = a.endpoint_url AND d.hour_at = a.hour_at
