/* funnel: how far the deliveries that the sender tried got; tests left out.
   grain:  one row
   inputs: judged, matches, coverage */
WITH seen AS (
  SELECT
    event_uuid,
    COALESCE(endpoint_url, '') AS endpoint_url,
    MAX(CASE WHEN layer = 'edge' THEN 1 ELSE 0 END) AS edge,
    MAX(CASE WHEN layer <> 'edge' THEN 1 ELSE 0 END) AS app
  FROM matches
  GROUP BY event_uuid, COALESCE(endpoint_url, '')
)
SELECT
  COUNT(*) AS attempted,
  COUNT(*) FILTER (WHERE s.edge = 1) AS edge,
  COUNT(*) FILTER (WHERE s.app = 1) AS app,
  COUNT(*) FILTER (WHERE j.accepted_count > 0) AS accepted,
  COUNT(*) FILTER (WHERE j.processed_count > 0) AS processed,
  (SELECT COUNT(*) FROM coverage WHERE side = 'receiver' AND layer = 'edge') AS edge_logs,
  (SELECT COUNT(*) FROM coverage WHERE side = 'receiver' AND layer <> 'edge') AS app_logs,
  COUNT(j.processed_count) AS processing_known
FROM judged($since, $until, $endpoint, $event_type) AS j
LEFT JOIN seen AS s ON s.event_uuid = j.event_uuid AND s.endpoint_url = j.endpoint_url
WHERE j.attempts > 0 AND NOT j.is_test
