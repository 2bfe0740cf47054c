/* test_events: what became of the test events of the period.
   grain:  one endpoint
   inputs: judged; $most: how many */
SELECT
  endpoint_url,
  COUNT(*) AS tests,
  COUNT(*) FILTER (WHERE accepted_count > 0 OR outcome = 'delivered') AS arrived,
  MAX(happened_at) AS last_at,
  ARG_MAX(outcome, happened_at) AS last_outcome,
  ARG_MAX(last_http_status, happened_at) AS last_http_status,
  COUNT(*) OVER () AS total
FROM judged($since, $until, $endpoint, $event_type)
WHERE is_test
GROUP BY endpoint_url
ORDER BY last_at DESC NULLS LAST, endpoint_url
LIMIT $most
