/* matches_by_neighbour: edge lines that follow at once on the application's receipt of a request.
   grain:  one receipt of the edge without an event
   inputs: edge_lines, matches, endpoint_paths

   The edge writes its line when the application has answered (or, where its lines mark the start,
   when the application begins). So of the lines of one path in order of time, a line right after
   a receipt with the same status, within two seconds and what whole seconds hide, is of the same
   request, and adds nothing to the count. A receipt that has its line already takes no other. */
WITH edge_minutes AS (
  SELECT DISTINCT path, DATE_TRUNC('minute', latest_at) AS minute_at, time_marks FROM edge_lines
),
app_minutes AS (
  SELECT path, minute_at, MIN(time_marks) AS time_marks
  FROM (
    SELECT path, minute_at, time_marks FROM edge_minutes
    UNION
    SELECT path, minute_at - INTERVAL '1 minute' AS minute_at, time_marks FROM edge_minutes
  ) AS m
  GROUP BY path, minute_at
),
app_receipts AS (
  SELECT
    m.receipt_id, p.path, m.http_status,
    CASE WHEN n.time_marks = 'start' THEN m.arrived_at ELSE m.ended_at END AS moment
  FROM matches AS m
  JOIN endpoint_paths AS p ON p.endpoint_url = m.endpoint_url
  JOIN app_minutes AS n ON n.path = p.path AND n.minute_at = DATE_TRUNC('minute', m.ended_at)
  WHERE m.layer = 'app'
    AND NOT EXISTS (
      SELECT 1 FROM matches AS tied
      WHERE tied.layer = 'edge' AND tied.event_uuid = m.event_uuid
        AND tied.endpoint_url = m.endpoint_url
        AND tied.attempt_key IS NOT DISTINCT FROM m.attempt_key
    )
),
sightings AS (
  SELECT receipt_id, path, http_status, moment, FALSE AS is_edge FROM app_receipts
  UNION ALL
  SELECT receipt_id, path, http_status, latest_at AS moment, TRUE AS is_edge FROM edge_lines
),
ordered_sightings AS (
  SELECT
    receipt_id, http_status, moment, is_edge,
    LAG(receipt_id) OVER path_order AS earlier_id,
    LAG(http_status) OVER path_order AS earlier_status,
    LAG(moment) OVER path_order AS earlier_moment,
    LAG(is_edge) OVER path_order AS earlier_is_edge
  FROM sightings
  WINDOW path_order AS (
    PARTITION BY path
    ORDER BY moment NULLS LAST, is_edge NULLS LAST, http_status NULLS LAST, receipt_id NULLS LAST
  )
),
neighbours AS (
  SELECT receipt_id, earlier_id
  FROM ordered_sightings
  WHERE is_edge
    AND NOT earlier_is_edge
    AND http_status = COALESCE(earlier_status, http_status)
    AND moment <= earlier_moment + INTERVAL '3 seconds'
)
SELECT
  e.receipt_id,
  'edge' AS layer,
  e.stream,
  m.event_uuid,
  m.endpoint_url,
  m.attempt_key,
  'time' AS match_rule,
  CAST(1 AS DOUBLE) AS score,
  DATE_DIFF('microsecond', m.ended_at, e.ended_at) / 1000.0 AS distance_ms,
  e.arrived_at,
  e.ended_at,
  e.path,
  e.http_status,
  e.accepted,
  CAST(NULL AS BOOLEAN) AS processed,
  FALSE AS known_before,
  FALSE AS signature_failed,
  FALSE AS stranger,
  FALSE AS counts,
  m.listed AS listed
FROM neighbours AS n
JOIN edge_lines AS e ON e.receipt_id = n.receipt_id
JOIN matches AS m ON m.receipt_id = n.earlier_id
