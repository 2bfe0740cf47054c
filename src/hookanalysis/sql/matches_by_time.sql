/* matches_by_time: the last rung: edge lines that time, path and source tie to one attempt.
   grain:  one receipt of the edge without an event
   inputs: time_clusters, edge_lines, attempts */
SELECT
  e.receipt_id,
  'edge' AS layer,
  e.stream,
  o.event_uuid,
  o.endpoint_url,
  o.attempt_key,
  'time' AS match_rule,
  DATE_DIFF('microsecond', a.attempted_at, e.arrived_at) / 1000.0 AS distance_ms,
  e.arrived_at,
  e.ended_at,
  e.path,
  e.http_status,
  e.accepted,
  CAST(NULL AS BOOLEAN) AS processed,
  FALSE AS known_before,
  FALSE AS signature_failed,
  FALSE AS stranger,
  o.kind = 'attempt' AS counts,
  o.attempt_key IS NOT NULL AS listed
FROM time_clusters AS l
JOIN time_clusters AS o
  ON o.path = l.path AND o.cluster = l.cluster AND o.tie = l.tie AND o.kind <> 'line'
JOIN edge_lines AS e ON e.receipt_id = l.receipt_id
LEFT JOIN attempts AS a ON a.event_uuid = o.event_uuid AND a.attempt_key = o.attempt_key
WHERE l.kind = 'line'
