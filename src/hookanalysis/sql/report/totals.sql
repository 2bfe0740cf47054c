/* totals: how much there is, tests included.
   grain:  one row
   inputs: judged */
SELECT
  COUNT(DISTINCT event_uuid) AS events,
  COUNT(*) AS deliveries,
  COUNT(*) FILTER (WHERE is_test) AS tests,
  CAST(COALESCE(SUM(attempts), 0) AS BIGINT) AS attempts,
  CAST(COALESCE(SUM(receipts), 0) AS BIGINT) AS receipts,
  COUNT(DISTINCT NULLIF(endpoint_url, '')) AS endpoints
FROM judged($since, $until, $endpoint, $event_type)
