/* unshown_attempts: attempts without a receipt of their own that counts.
   grain:  one attempt
   inputs: attempt_turns, matches

   Kept apart, for only of these is it asked why, and they are few.
   alone: no receipt tells of their delivery at all. */
WITH unshown_turns AS (
  SELECT
    t.attempt_key, t.event_uuid, t.endpoint_url, t.path, t.attempted_at, t.status, t.http_status,
    t.error_kind
  FROM attempt_turns AS t
  WHERE NOT EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.counts AND m.event_uuid = t.event_uuid AND m.attempt_key = t.attempt_key
  )
),
told_deliveries AS (
  SELECT DISTINCT m.event_uuid, m.endpoint_url
  FROM matches AS m
  JOIN unshown_turns AS t ON t.event_uuid = m.event_uuid AND t.endpoint_url = m.endpoint_url
)
SELECT
  t.attempt_key, t.event_uuid, t.endpoint_url, t.path, t.attempted_at, t.status, t.http_status,
  t.error_kind, d.event_uuid IS NULL AS alone
FROM unshown_turns AS t
LEFT JOIN told_deliveries AS d
  ON d.event_uuid = t.event_uuid AND d.endpoint_url = t.endpoint_url
