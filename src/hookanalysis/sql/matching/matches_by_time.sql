/* matches_by_time: the last rung: edge lines that time, path and source tie to one attempt.
   grain:  one receipt of the edge without an event
   inputs: answer_ties, leftover_ties, edge_lines, attempts */
WITH ties AS (
  SELECT kind, event_uuid, endpoint_url, attempt_key, line_id, score FROM answer_ties
  UNION ALL
  SELECT kind, event_uuid, endpoint_url, attempt_key, line_id, score FROM leftover_ties
)
SELECT
  e.receipt_id,
  'edge' AS layer,
  e.stream,
  t.event_uuid,
  t.endpoint_url,
  t.attempt_key,
  'time' AS match_rule,
  CAST(t.score AS DOUBLE) AS score,
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
  t.kind = 'attempt' AS counts,
  t.attempt_key IS NOT NULL AS listed
FROM ties AS t
JOIN edge_lines AS e ON e.receipt_id = t.line_id
LEFT JOIN attempts AS a ON a.event_uuid = t.event_uuid AND a.attempt_key = t.attempt_key
