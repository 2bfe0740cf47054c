/* told_lines: every line that names an event, or is of a request that was matched to it.
   grain:  one line
   inputs: matches, receipts, receipt_records, files, generations; $uuid */
WITH linked AS (
  SELECT receipt_id // 10000000000000 AS generation_id,
         receipt_id % 10000000000000 AS byte_offset,
         any_value(match_rule) AS match_rule, max(score) AS score
  FROM matches WHERE event_uuid = $uuid GROUP BY ALL
),
told AS (
  SELECT stream, request_id, received_at, ended_at
  FROM receipts
  WHERE lines > 1 AND request_id IS NOT NULL
    AND receipt_id IN (SELECT receipt_id FROM matches WHERE event_uuid = $uuid)
)
SELECT r.logged_at, g.layer, r.method, r.path, r.http_status, r.step, r.message,
       r.exception, l.match_rule, l.score, f.path, r.line, r.byte_offset
FROM receipt_records AS r
JOIN files AS f USING (file_id)
JOIN generations AS g ON g.generation_id = r.generation_id
LEFT JOIN linked AS l
  ON l.generation_id = r.generation_id AND l.byte_offset = r.byte_offset
WHERE r.event_uuid = $uuid OR list_contains(r.candidate_uuids, $uuid)
   OR l.match_rule IS NOT NULL
   OR EXISTS (
     SELECT 1 FROM told AS t
     WHERE t.stream = g.stream AND t.request_id = r.request_id
       AND r.logged_at BETWEEN t.received_at AND t.ended_at
   )
