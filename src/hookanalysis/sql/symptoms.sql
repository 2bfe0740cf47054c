/* symptoms: what both sides tell of each attempt that did not go well: what the rules look at.
   grain:  one row of troubled_attempts
   inputs: troubled_attempts, matches, receipts, failing_attempts, failure_types,
           lively_minutes, proof_spans, serving_streams, signature_checks

   A receipt without an attempt of its own stands with the delivery that has none. */
WITH troubled_events AS (
  SELECT DISTINCT event_uuid FROM troubled_attempts
),
signatures AS (
  SELECT event_uuid, BOOL_AND(fits) AS fits FROM signature_checks GROUP BY event_uuid
),
seen AS (
  SELECT
    m.event_uuid, m.endpoint_url, m.attempt_key,
    COUNT(*) FILTER (WHERE m.layer = 'edge') AS edge_lines,
    MAX(CASE WHEN m.layer = 'edge' THEN m.http_status END) AS edge_status,
    COUNT(*) FILTER (WHERE m.layer <> 'edge') AS app_lines,
    MAX(CASE WHEN m.layer <> 'edge' THEN m.http_status END) AS app_status,
    BOOL_OR(m.processed) AS processed,
    BOOL_OR(NOT m.processed) AS app_failed,
    BOOL_OR(m.signature_failed) AS signature_failed,
    MAX(r.source_ip) AS source_ip,
    MAX(m.ended_at) AS ended_at
  FROM matches AS m
  JOIN troubled_events AS t ON t.event_uuid = m.event_uuid
  JOIN receipts AS r ON r.receipt_id = m.receipt_id
  GROUP BY m.event_uuid, m.endpoint_url, m.attempt_key
),
near_minutes AS (
  SELECT DISTINCT
    t.endpoint_url,
    DATE_TRUNC('minute', t.happened_at) AS minute_at,
    DATE_TRUNC('minute', t.happened_at) + n.minutes * INTERVAL '1 minute' AS near_at
  FROM troubled_attempts AS t
  CROSS JOIN (VALUES (-1), (0), (1)) AS n(minutes)
),
life AS (
  SELECT DISTINCT n.endpoint_url, l.layer, n.minute_at
  FROM near_minutes AS n
  JOIN lively_minutes AS l ON l.endpoint_url = n.endpoint_url AND l.minute_at = n.near_at
)
SELECT
  t.endpoint_url, t.event_uuid, t.event_type, t.attempt_key, t.happened_at, t.outcome, t.detail,
  t.status, t.http_status, t.error_kind,
  COALESCE(t.http_status, s.edge_status, s.app_status) AS answer,
  COALESCE(s.edge_lines, 0) AS edge_lines, s.edge_status,
  COALESCE(s.app_lines, 0) AS app_lines, s.app_status,
  s.processed, s.app_failed, s.signature_failed, g.fits AS signature_fits, s.source_ip,
  DATE_DIFF('microsecond', t.happened_at, s.ended_at) / 1000.0 AS took_ms,
  EXISTS (SELECT 1 FROM serving_streams AS v WHERE v.endpoint_url = t.endpoint_url) AS logged,
  EXISTS (
    SELECT 1
    FROM proof_spans AS p
    JOIN serving_streams AS v
      ON v.endpoint_url = p.endpoint_url AND v.layer = p.layer AND v.depth = 1
    WHERE p.endpoint_url = t.endpoint_url AND t.happened_at BETWEEN p.starts_at AND p.ends_at
  ) AS covered,
  e.minute_at IS NOT NULL AS edge_alive, i.minute_at IS NOT NULL AS app_alive,
  COALESCE(f.run_size, 0) AS run_size, f.accepted_before, f.accepted_after,
  COUNT(t.http_status) OVER (PARTITION BY t.event_uuid, t.endpoint_url, t.http_status)
    AS same_answers,
  c.chance AS type_chance, c.rate AS type_rate
FROM troubled_attempts AS t
LEFT JOIN seen AS s
  ON s.event_uuid = t.event_uuid AND s.endpoint_url = t.endpoint_url
  AND s.attempt_key IS NOT DISTINCT FROM t.attempt_key
LEFT JOIN signatures AS g ON g.event_uuid = t.event_uuid
LEFT JOIN life AS e
  ON e.endpoint_url = t.endpoint_url AND e.layer = 'edge'
  AND e.minute_at = DATE_TRUNC('minute', t.happened_at)
LEFT JOIN life AS i
  ON i.endpoint_url = t.endpoint_url AND i.layer = 'app'
  AND i.minute_at = DATE_TRUNC('minute', t.happened_at)
LEFT JOIN failing_attempts AS f
  ON f.attempt_key = t.attempt_key AND f.event_uuid = t.event_uuid
  AND f.endpoint_url = t.endpoint_url
LEFT JOIN failure_types AS c
  ON c.endpoint_url = t.endpoint_url AND c.http_status = t.http_status
  AND c.event_type = COALESCE(t.event_type, '')
