/* endpoint_facts: deliveries, attempts made within the period, and lag; tests left out.
   grain:  one endpoint
   inputs: tried, judged */
WITH tries AS (
  SELECT
    endpoint_url, COUNT(*) AS attempts,
    COUNT(*) FILTER (status = 'success') AS succeeded,
    COUNT(*) FILTER (status = 'failed') AS failed,
    COUNT(*) FILTER (http_status BETWEEN 400 AND 499) AS client_errors,
    COUNT(*) FILTER (http_status BETWEEN 500 AND 599) AS server_errors,
    COUNT(*) FILTER (status = 'failed' AND http_status IS NULL) AS unanswered
  FROM tried($since, $until, $endpoint, $event_type)
  GROUP BY endpoint_url
),
verdicts AS (
  SELECT
    endpoint_url, COUNT(*) AS deliveries,
    COUNT(*) FILTER (arrived) AS delivered,
    COUNT(*) FILTER (outcome = 'missed') AS missed,
    COUNT(*) FILTER (counted AND outcome IN ('missed', 'undetermined')) AS possibly_missed,
    HISTOGRAM(outcome) AS outcomes,
    QUANTILE_CONT(lag_ms, [0.50, 0.95, 0.99]) AS lags,
    COUNT(lag_ms) AS lag_deliveries
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test
  GROUP BY endpoint_url
)
SELECT
  endpoint_url, COALESCE(outcomes, MAP {}) AS outcomes,
  lags[1] AS lag_p50_ms, lags[2] AS lag_p95_ms, lags[3] AS lag_p99_ms,
  COALESCE(COLUMNS(* EXCLUDE (endpoint_url, outcomes, lags)), 0),
  t.succeeded / NULLIF(t.succeeded + t.failed, 0) AS success_rate,
  t.failed / NULLIF(t.succeeded + t.failed, 0) AS failure_rate,
  (t.client_errors + t.server_errors) / NULLIF(t.succeeded + t.failed, 0) AS error_rate
FROM verdicts
FULL OUTER JOIN tries AS t USING (endpoint_url)
ORDER BY endpoint_url
