/* loose_ends: what is left to be tied by time alone: edge lines, and what they may be the lines of.
   grain:  one edge line, one attempt that neither edge nor application shows, or one application's
           receipt without an edge line, as the interval in which the other end must lie
   inputs: edge_lines, matches, attempt_turns, attempts, endpoint_paths, clock_offsets, settings

   An attempt that never became a request (refused, dns, tls) has no line. A line may come as late
   as the sender waited, for many logs only tell when a request ended: until it had its answer, or
   for as long as it is willing to. What only a queue or a table shows is a receipt that has the
   times of its attempt, for its row may have been written long after. A receipt that does not tell
   its status was answered as the sender saw it. by_sender: the line shows one of the sender's
   addresses. end_key: what the loose end is known by. */
WITH lines AS (
  SELECT e.receipt_id, e.stream, e.path, e.arrived_at, e.latest_at, e.http_status, e.by_sender
  FROM edge_lines AS e
  WHERE NOT EXISTS (
    SELECT 1 FROM matches AS m WHERE m.layer = 'edge' AND m.receipt_id = e.receipt_id
  )
),
line_paths AS (
  SELECT DISTINCT path FROM lines
),
reach AS (
  SELECT
    COALESCE(MAX(o.tolerance_ms), MAX(s.tolerance_seconds) * 1000) * INTERVAL '1 millisecond'
      AS tolerance,
    MAX(s.timeout_seconds) * INTERVAL '1 second' AS timeout
  FROM settings AS s
  LEFT JOIN clock_offsets AS o
    ON o.day IS NULL AND o.stream IN (SELECT DISTINCT stream FROM edge_lines)
)
SELECT
  'line' AS kind, receipt_id, path, arrived_at AS starts_at, latest_at AS ends_at,
  http_status, CAST(NULL AS VARCHAR) AS event_uuid, CAST(NULL AS VARCHAR) AS endpoint_url,
  CAST(NULL AS VARCHAR) AS attempt_key, arrived_at AS moment, stream, by_sender,
  CAST(receipt_id AS VARCHAR) AS end_key
FROM lines
UNION ALL
SELECT
  CASE WHEN EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.counts AND m.event_uuid = t.event_uuid AND m.attempt_key = t.attempt_key
  ) THEN 'receipt' ELSE 'attempt' END AS kind,
  CAST(NULL AS BIGINT) AS receipt_id, t.path, t.attempted_at - r.tolerance AS starts_at,
  t.attempted_at + r.tolerance + CASE
    WHEN t.http_status IS NOT NULL AND t.latency_ms IS NOT NULL
      THEN t.latency_ms * INTERVAL '1 millisecond'
    ELSE r.timeout
  END AS ends_at, t.http_status, t.event_uuid,
  t.endpoint_url, t.attempt_key, t.attempted_at AS moment,
  CAST(NULL AS VARCHAR) AS stream, FALSE AS by_sender, t.attempt_key AS end_key
FROM attempt_turns AS t
CROSS JOIN reach AS r
WHERE t.path IN (SELECT path FROM line_paths)
  AND COALESCE(t.error_kind, '') NOT IN ('refused', 'dns', 'tls')
  AND NOT EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.counts AND m.layer IN ('edge', 'app')
      AND m.event_uuid = t.event_uuid AND m.attempt_key = t.attempt_key
  )
UNION ALL
SELECT
  'receipt' AS kind, m.receipt_id, p.path,
  m.arrived_at - INTERVAL '3 seconds' AS starts_at, m.ended_at + INTERVAL '3 seconds' AS ends_at,
  COALESCE(m.http_status, a.http_status) AS http_status, m.event_uuid, m.endpoint_url,
  m.attempt_key, m.ended_at AS moment,
  m.stream, FALSE AS by_sender, CAST(m.receipt_id AS VARCHAR) AS end_key
FROM matches AS m
JOIN endpoint_paths AS p ON p.endpoint_url = m.endpoint_url
LEFT JOIN attempts AS a ON a.event_uuid = m.event_uuid AND a.attempt_key = m.attempt_key
WHERE m.layer = 'app'
  AND p.path IN (SELECT path FROM line_paths)
  AND NOT EXISTS (
    SELECT 1 FROM matches AS e
    WHERE e.layer = 'edge' AND e.event_uuid = m.event_uuid AND e.endpoint_url = m.endpoint_url
      AND e.attempt_key IS NOT DISTINCT FROM m.attempt_key
  )
