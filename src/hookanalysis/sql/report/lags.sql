/* lags: time from first attempt to first accepted arrival, seconds; tests left out.
   grain:  one endpoint and step of time
   inputs: judged; $unit; $zone; $urls: the endpoints to show */
SELECT
  endpoint_url,
  step_of(happened_at, $unit, $zone) AS step,
  COUNT(*) AS deliveries,
  ROUND(QUANTILE_CONT(lag_ms, 0.50) / 1000, 4) AS p50,
  ROUND(QUANTILE_CONT(lag_ms, 0.95) / 1000, 4) AS p95
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test AND lag_ms IS NOT NULL AND happened_at IS NOT NULL
  AND endpoint_url IN (SELECT UNNEST($urls))
GROUP BY endpoint_url, 2
ORDER BY endpoint_url, step
