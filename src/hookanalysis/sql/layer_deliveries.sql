/* layer_deliveries: what one layer of the receiver's logs says of each delivery.
   grain:  one event for one endpoint in one layer
   inputs: matches

   A stranger's request that was not accepted is no arrival of the event: anyone can post a uuid.
   weakest_rule: 1 uuid, 2 request_id, 3 time. nearness: 1 is the layer nearest to the outcome. */
WITH repeated_events AS (
  SELECT event_uuid, layer FROM matches GROUP BY event_uuid, layer HAVING COUNT(*) > 1
),
weighed_matches AS (
  SELECT
    m.event_uuid, m.endpoint_url, m.layer, m.arrived_at, m.path, m.http_status, m.accepted,
    m.processed, m.known_before, m.signature_failed, m.stranger,
    r.event_uuid IS NOT NULL AS repeated,
    NOT (m.stranger AND NOT m.accepted) AS is_arrival,
    CASE m.layer WHEN 'app' THEN 1 WHEN 'queue' THEN 2 WHEN 'table' THEN 3 ELSE 4 END AS nearness,
    CASE m.match_rule WHEN 'uuid' THEN 1 WHEN 'request_id' THEN 2 ELSE 3 END AS weakest_rule
  FROM matches AS m
  LEFT JOIN repeated_events AS r ON r.event_uuid = m.event_uuid AND r.layer = m.layer
)
SELECT
  event_uuid,
  endpoint_url,
  layer,
  nearness,
  CAST(CASE WHEN is_arrival THEN 1 ELSE 0 END AS BIGINT) AS arrivals,
  CAST(CASE WHEN is_arrival THEN 0 ELSE 1 END AS BIGINT) AS strangers,
  CAST(CASE WHEN accepted OR processed THEN 1 ELSE 0 END AS BIGINT) AS accepted,
  CAST(CASE WHEN processed THEN 1 ELSE 0 END AS BIGINT) AS processed,
  COALESCE(NOT processed, FALSE) AS said_failed,
  known_before,
  signature_failed,
  arrived_at AS first_at,
  CASE WHEN accepted OR processed THEN arrived_at END AS first_accepted_at,
  http_status AS last_status,
  stranger,
  FALSE AS several_paths,
  weakest_rule
FROM weighed_matches
WHERE NOT repeated
UNION ALL
SELECT
  event_uuid,
  endpoint_url,
  layer,
  MAX(nearness) AS nearness,
  CAST(SUM(CASE WHEN is_arrival THEN 1 ELSE 0 END) AS BIGINT) AS arrivals,
  CAST(SUM(CASE WHEN is_arrival THEN 0 ELSE 1 END) AS BIGINT) AS strangers,
  CAST(SUM(CASE WHEN accepted OR processed THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
  CAST(SUM(CASE WHEN processed THEN 1 ELSE 0 END) AS BIGINT) AS processed,
  BOOL_OR(COALESCE(NOT processed, FALSE)) AS said_failed,
  BOOL_OR(known_before) AS known_before,
  BOOL_OR(signature_failed) AS signature_failed,
  COALESCE(MIN(CASE WHEN is_arrival THEN arrived_at END), MIN(arrived_at)) AS first_at,
  MIN(CASE WHEN accepted OR processed THEN arrived_at END) AS first_accepted_at,
  ARG_MAX(http_status, arrived_at) AS last_status,
  BOOL_OR(stranger) AS stranger,
  COUNT(DISTINCT path) > 1 AS several_paths,
  MAX(weakest_rule) AS weakest_rule
FROM weighed_matches
WHERE repeated
GROUP BY event_uuid, endpoint_url, layer
