/* layer_deliveries: what one layer of the receiver's logs says of each delivery.
   grain:  one event for one endpoint in one layer
   inputs: matches, repeated_matches, repeated_arrivals

   untold: accepted, and not said to be processed, failed or known. weakest_rule: 1 uuid, 2 transaction, 3 request_id, 4 time. */
WITH weighed_matches AS (
  SELECT
    m.event_uuid, m.endpoint_url, m.layer, m.arrived_at, m.http_status,
    m.accepted OR COALESCE(m.processed, FALSE) AS accepted,
    m.processed, m.known_before, m.signature_failed, m.stranger,
    CASE m.match_rule
      WHEN 'uuid' THEN 1 WHEN 'transaction' THEN 2 WHEN 'request_id' THEN 3 ELSE 4
    END AS weakest_rule
  FROM matches AS m
  WHERE m.counts
    AND NOT EXISTS (
      SELECT 1 FROM repeated_matches AS r
      WHERE r.event_uuid = m.event_uuid AND r.layer = m.layer
    )
)
SELECT
  event_uuid,
  endpoint_url,
  layer,
  CAST(1 AS BIGINT) AS arrivals,
  CAST(CASE WHEN accepted THEN 1 ELSE 0 END AS BIGINT) AS accepted,
  CAST(CASE WHEN processed THEN 1 ELSE 0 END AS BIGINT) AS processed,
  COALESCE(NOT processed, FALSE) AS said_failed,
  CAST(CASE WHEN accepted AND processed IS NULL AND NOT known_before THEN 1 ELSE 0 END AS BIGINT)
    AS untold,
  known_before,
  signature_failed,
  arrived_at AS first_at,
  CASE WHEN accepted THEN arrived_at END AS first_accepted_at,
  http_status AS last_status,
  stranger,
  FALSE AS several_paths,
  weakest_rule
FROM weighed_matches
UNION ALL
SELECT
  event_uuid,
  endpoint_url,
  layer,
  COUNT(*) AS arrivals,
  CAST(SUM(CASE WHEN accepted OR processed THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
  CAST(SUM(CASE WHEN processed THEN 1 ELSE 0 END) AS BIGINT) AS processed,
  BOOL_OR(COALESCE(NOT processed, FALSE)) AS said_failed,
  COUNT(*) FILTER (WHERE accepted AND processed IS NULL AND NOT known_before) AS untold,
  BOOL_OR(known_before) AS known_before,
  BOOL_OR(signature_failed) AS signature_failed,
  MIN(arrived_at) AS first_at,
  MIN(CASE WHEN accepted OR processed THEN arrived_at END) AS first_accepted_at,
  ARG_MAX(http_status, arrived_at) AS last_status,
  BOOL_OR(stranger) AS stranger,
  COUNT(DISTINCT path) > 1 AS several_paths,
  MAX(CASE match_rule
    WHEN 'uuid' THEN 1 WHEN 'transaction' THEN 2 WHEN 'request_id' THEN 3 ELSE 4
  END) AS weakest_rule
FROM repeated_arrivals
GROUP BY event_uuid, endpoint_url, layer
