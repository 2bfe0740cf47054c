/* finding_evidence: the lines on which a finding rests, of its first 20 deliveries a day.
   grain:  one line of an export or log that tells of a delivery of the finding
   inputs: chosen_rows, rule_signs, attempt_records, matches, receipt_records, generations

   Lines of a delivery for which something speaks against the finding have the stance against. */
WITH placed_rows AS (
  SELECT
    rule_id, endpoint_url, event_uuid, happened_at, what,
    ROW_NUMBER() OVER (
      PARTITION BY rule_id, endpoint_url, CAST(happened_at AS DATE) ORDER BY happened_at, event_uuid
    ) AS place
  FROM chosen_rows
),
doubts AS (
  SELECT DISTINCT rule_id, endpoint_url, event_uuid
  FROM rule_signs
  WHERE stance = 'against' AND holds
),
quoted_rows AS (
  SELECT
    r.rule_id, r.endpoint_url, r.event_uuid, r.happened_at, r.what,
    CASE WHEN d.rule_id IS NULL THEN 'for' ELSE 'against' END AS stance
  FROM placed_rows AS r
  LEFT JOIN doubts AS d
    ON d.rule_id = r.rule_id AND d.endpoint_url = r.endpoint_url
    AND d.event_uuid IS NOT DISTINCT FROM r.event_uuid
  WHERE r.place <= 20
),
told_lines AS (
  SELECT m.event_uuid, m.endpoint_url, l.generation_id, l.byte_offset
  FROM matches AS m
  JOIN quoted_rows AS q ON q.event_uuid = m.event_uuid AND q.endpoint_url = m.endpoint_url
  JOIN receipt_records AS l
    ON l.generation_id = m.receipt_id // 10000000000000
    AND l.byte_offset = m.receipt_id % 10000000000000
  UNION
  SELECT q.event_uuid, q.endpoint_url, l.generation_id, l.byte_offset
  FROM quoted_rows AS q
  JOIN receipt_records AS l ON l.event_uuid = q.event_uuid
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
JOIN receipt_records AS l
  ON l.generation_id = t.generation_id AND l.byte_offset = t.byte_offset
JOIN generations AS g ON g.generation_id = l.generation_id
UNION ALL BY NAME
SELECT rule_id, endpoint_url, stance, event_uuid, happened_at, what
FROM quoted_rows
WHERE what IS NOT NULL
