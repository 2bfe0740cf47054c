/* component_lines: the lines that the requests of a component may own, the event's own first.
   grain:  one line
   inputs: candidates, matches, requests, receipt_records, files, generations, clock_offsets;
           $layer, $component, $uuid, $shown: how many */
WITH own AS (
  SELECT receipt_id, event_uuid, FALSE AS certain FROM candidates
  WHERE layer = $layer AND component = $component
  UNION ALL
  SELECT m.receipt_id, m.event_uuid, m.score = 1 FROM matches AS m
  WHERE m.layer = $layer AND m.match_rule = 'time' AND m.event_uuid IN (
    SELECT event_uuid FROM requests WHERE layer = $layer AND component = $component
  )
  UNION ALL
  SELECT stranger_id, event_uuid, FALSE FROM requests
  WHERE layer = $layer AND component = $component AND stranger_id IS NOT NULL
),
grouped AS (
  SELECT receipt_id,
    list(DISTINCT left(event_uuid, 8) ORDER BY left(event_uuid, 8)) AS owners,
    min(CASE WHEN certain THEN left(event_uuid, 8) END) AS owner,
    bool_or(event_uuid = $uuid) AS concerns
  FROM own GROUP BY receipt_id
)
SELECT f.path || ':' || r.line AS place, r.logged_at,
  r.logged_at - coalesce(o.offset_ms, 0) * INTERVAL '1 millisecond' AS sent_at,
  r.http_status,
  CASE WHEN g.owner IS NULL THEN g.owners ELSE [g.owner] END AS owners
FROM grouped AS g
JOIN receipt_records AS r ON r.generation_id = g.receipt_id // 10000000000000
  AND r.byte_offset = g.receipt_id % 10000000000000
JOIN files AS f ON f.file_id = r.file_id
JOIN generations AS e ON e.generation_id = r.generation_id
LEFT JOIN clock_offsets AS o ON o.stream = e.stream AND o.day IS NULL
ORDER BY NOT g.concerns, r.logged_at, g.receipt_id LIMIT $shown
