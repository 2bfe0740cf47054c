/* test_events: what became of the test events of the period.
   grain:  one endpoint
   inputs: judged (facts/judged.sql), deliveries; $most: how many */
SELECT
  j.endpoint_url,
  COUNT(*) AS tests,
  COUNT(*) FILTER (WHERE j.accepted_count > 0 OR j.outcome = 'delivered') AS arrived,
  MAX(j.happened_at) AS last_at,
  ARG_MAX(j.outcome, j.happened_at) AS last_outcome,
  ARG_MAX(d.last_http_status, j.happened_at) AS last_http_status,
  COUNT(*) OVER () AS total
FROM judged AS j
INNER JOIN deliveries AS d
  ON d.event_uuid = j.event_uuid AND COALESCE(d.endpoint_url, '') = j.endpoint_url
WHERE j.is_test
GROUP BY j.endpoint_url
ORDER BY last_at DESC NULLS LAST, j.endpoint_url
LIMIT $most
