/* finding_evidence: the lines on which a finding rests, of its first 20 deliveries a day.
   grain:  one line of an export or log that tells of a delivery of the finding
   inputs: chosen_rows, attempt_records, matches, receipts, receipt_records, generations

   Lines of a delivery for which something speaks against the finding have the stance against. */
WITH quoted_rows AS (
  SELECT
    rule_id, endpoint_url, event_uuid, happened_at, what,
    CASE WHEN contradicted THEN 'against' ELSE 'for' END AS stance
  FROM chosen_rows
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY rule_id, endpoint_url, CAST(happened_at AS DATE) ORDER BY happened_at, event_uuid
  ) <= 20
),
-- A bare uuid in a text is not known to be the event's when the line is read.
named_records AS (
  SELECT UNNEST(LIST_PREPEND(event_uuid, candidate_uuids)) AS event_uuid, generation_id, file_id, byte_offset
  FROM receipt_records
),
told_lines AS (
  SELECT m.event_uuid, m.endpoint_url, r.file_id, m.receipt_id % 10000000000000 AS byte_offset
  FROM matches AS m JOIN receipts AS r ON r.receipt_id = m.receipt_id
  JOIN quoted_rows AS q ON q.event_uuid = m.event_uuid AND q.endpoint_url = m.endpoint_url
  UNION
  SELECT q.event_uuid, q.endpoint_url, l.file_id, l.byte_offset
  FROM quoted_rows AS q JOIN named_records AS l ON l.event_uuid = q.event_uuid
  JOIN generations AS g ON g.generation_id = l.generation_id
  JOIN matches AS m
    ON m.event_uuid = q.event_uuid AND m.endpoint_url = q.endpoint_url AND m.stream = g.stream
)
SELECT
  q.rule_id, q.endpoint_url, q.stance, q.event_uuid,
  COALESCE(a.attempted_at, a.created_at) AS happened_at,
  'sender' AS side, a.status, a.http_status, a.error_kind, g.stream, a.line, a.file_id
FROM quoted_rows AS q
JOIN attempt_records AS a
  ON a.event_uuid = q.event_uuid AND COALESCE(a.endpoint_url, q.endpoint_url) = q.endpoint_url
JOIN generations AS g ON g.generation_id = a.generation_id
UNION ALL BY NAME
SELECT
  q.rule_id, q.endpoint_url, q.stance, q.event_uuid, l.logged_at AS happened_at,
  g.layer AS side, l.step AS status, l.http_status, l.method, l.path,
  CASE WHEN l.step IN ('failed', 'signature_failed')
    THEN COALESCE(SPLIT_PART(l.exception, chr(10), 1), l.message) END AS message,
  g.stream, l.line, l.file_id
FROM quoted_rows AS q
JOIN told_lines AS t ON t.event_uuid = q.event_uuid AND t.endpoint_url = q.endpoint_url
JOIN receipt_records AS l ON l.file_id = t.file_id AND l.byte_offset = t.byte_offset
JOIN generations AS g ON g.generation_id = l.generation_id
UNION ALL BY NAME
SELECT rule_id, endpoint_url, stance, event_uuid, happened_at, what
FROM quoted_rows
WHERE what IS NOT NULL
