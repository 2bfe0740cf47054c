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
  FROM deliveries WHERE first_attempt_at IS NOT NULL AND NOT is_test
  GROUP BY endpoint_url, DATE_TRUNC('hour', first_attempt_at)
)
SELECT
  endpoint_url, hour_at,
  COALESCE(COLUMNS(* EXCLUDE (endpoint_url, hour_at, lag_p50_ms, lag_p95_ms)), 0),
  lag_p50_ms, lag_p95_ms
FROM attempt_hours
FULL OUTER JOIN delivery_hours USING (endpoint_url, hour_at)
