/* evidence_lines: the rows of both sides' logs that tell of some events, each by its own clock.
   grain:  one row of a log and event
   inputs: attempt_records, receipt_records, matches, generations, files; $uuids: the events */
WITH linked AS (
  SELECT DISTINCT
    event_uuid,
    receipt_id // 10000000000000 AS generation_id,
    receipt_id % 10000000000000 AS byte_offset
  FROM matches
  WHERE event_uuid IN (SELECT UNNEST($uuids))
),
told AS (
  SELECT
    a.event_uuid, 'sender' AS side, a.attempted_at AS logged_at, a.status, a.http_status,
    a.error_kind AS word, CAST(NULL AS VARCHAR) AS message, a.file_id, a.line
  FROM attempt_records AS a
  WHERE a.event_uuid IN (SELECT UNNEST($uuids))
  UNION
  SELECT
    r.event_uuid, g.layer, r.logged_at, r.step, r.http_status,
    r.method, r.message, r.file_id, r.line
  FROM receipt_records AS r
  INNER JOIN generations AS g ON g.generation_id = r.generation_id
  WHERE r.event_uuid IN (SELECT UNNEST($uuids))
  UNION
  SELECT
    k.event_uuid, g.layer, r.logged_at, r.step, r.http_status,
    r.method, r.message, r.file_id, r.line
  FROM linked AS k
  INNER JOIN receipt_records AS r
    ON r.generation_id = k.generation_id AND r.byte_offset = k.byte_offset
  INNER JOIN generations AS g ON g.generation_id = r.generation_id
)
SELECT
  t.event_uuid, t.side, t.logged_at, t.status, t.http_status, t.word, t.message, f.path, t.line
FROM told AS t
INNER JOIN files AS f ON f.file_id = t.file_id
ORDER BY t.event_uuid, t.logged_at NULLS LAST, t.side, f.path, t.line
