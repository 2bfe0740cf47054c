/* symptoms: what both sides tell of each attempt that did not go well: what the rules look at.
   grain:  one attempt of a delivery that is not plainly delivered; a delivery without attempts has
           one row; tests left out
   inputs: deliveries, attempts, matches, receipts, nameless_receipts, failing_attempts,
           proof_spans, serving_streams, generations, activity, stream_spans, clock_offsets,
           signature_checks

   The good attempt of a recovered delivery is left out. edge_alive, app_alive: a log of the layer
   that serves the endpoint was written within a minute of it, by whomever.
   A receipt without an attempt of its own stands with the delivery that has none. An application
   that finds no valid signature often does not read on, so its line names no event: then the moment
   says whose it is (signature_near).
   let_in: the same client may be turned away here and let in there. Senders post from pools of
   neighbouring addresses; a private address is a proxy's, and tells no clients apart. */
WITH troubled_attempts AS (
  SELECT
    d.delivery_no, d.event_uuid, d.endpoint_url, d.event_type, d.outcome, d.detail, a.attempt_key,
    COALESCE(a.attempted_at, a.created_at, d.first_receipt_at) AS happened_at,
    a.status, a.http_status, a.error_kind,
    COUNT(a.http_status) OVER (PARTITION BY d.delivery_no, a.http_status) AS same_answers
  FROM deliveries AS d
  LEFT JOIN attempts AS a ON a.delivery_no = d.delivery_no
  WHERE d.outcome NOT IN ('delivered', 'pending') AND NOT d.is_test
    AND (d.outcome <> 'recovered' OR a.status <> 'success')
),
-- Each minute speaks for those beside it, too.
lively_minutes AS (
  SELECT DISTINCT
    v.endpoint_url, v.layer,
    UNNEST(RANGE(-1, 2)) * INTERVAL '1 minute' + DATE_TRUNC(
      'minute', a.last_at - COALESCE(o.offset_ms, 0) * INTERVAL '1 millisecond'
    ) AS minute_at
  FROM serving_streams AS v JOIN generations AS g ON g.stream = v.stream
  JOIN activity AS a ON a.generation_id = g.generation_id
  LEFT JOIN clock_offsets AS o ON o.stream = v.stream AND o.day IS NULL
),
seen AS (
  SELECT
    m.delivery_no, m.attempt_key,
    COUNT(*) FILTER (WHERE m.layer = 'edge') AS edge_lines,
    MAX(CASE WHEN m.layer = 'edge' THEN m.http_status END) AS edge_status,
    COUNT(*) FILTER (WHERE m.layer <> 'edge') AS app_lines,
    MAX(CASE WHEN m.layer <> 'edge' THEN m.http_status END) AS app_status,
    BOOL_OR(m.processed) AS processed, BOOL_OR(NOT m.processed) AS app_failed,
    BOOL_OR(m.known_before) AS known_before, BOOL_OR(m.signature_failed) AS signature_failed,
    MAX(r.source_ip) AS source_ip, MAX(m.ended_at) AS ended_at
  FROM matches AS m JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE m.delivery_no IN (SELECT delivery_no FROM troubled_attempts)
  GROUP BY m.delivery_no, m.attempt_key
),
accepted_networks AS (
  SELECT DISTINCT
    m.endpoint_url,
    regexp_extract(r.source_ip, '^(?:\d+\.\d+\.\d+\.|[^:]*:[^:]*:[^:]*:)') AS network
  FROM matches AS m JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE m.accepted AND NOT m.stranger
    AND m.endpoint_url IN (
      SELECT endpoint_url FROM troubled_attempts WHERE http_status IN (401, 403, 406)
    )
    AND NOT regexp_matches(
      r.source_ip, '^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|^(?:::1$|f[cd]|fe80)'
    )
),
unsigned AS (
  SELECT DISTINCT t.delivery_no, t.happened_at
  FROM troubled_attempts AS t
  JOIN nameless_receipts AS f
    ON f.signature_failed AND f.arrived_at BETWEEN t.happened_at - INTERVAL '3 seconds'
      AND t.happened_at + INTERVAL '3 seconds'
  WHERE f.known_path IS NULL OR ENDS_WITH(SPLIT_PART(t.endpoint_url, '?', 1), f.known_path)
),
holes AS (
  SELECT DISTINCT v.endpoint_url, c.starts_at, c.ends_at
  FROM stream_spans AS c JOIN serving_streams AS v ON v.stream = c.stream
  WHERE NOT c.covered AND COALESCE(c.reason, '') <> 'rotation'
)
SELECT
  t.endpoint_url, t.event_uuid, t.event_type, t.attempt_key, t.happened_at, t.outcome, t.detail,
  t.status, t.http_status, t.error_kind,
  COALESCE(t.http_status, s.edge_status, s.app_status) AS answer,
  COALESCE(s.edge_lines, 0) AS edge_lines, s.edge_status,
  COALESCE(s.app_lines, 0) AS app_lines, s.app_status,
  s.processed, s.app_failed, s.known_before, s.signature_failed,
  n.delivery_no IS NOT NULL AS signature_near, g.fits AS signature_fits, s.source_ip,
  EXISTS (
    SELECT 1 FROM accepted_networks AS w
    WHERE w.endpoint_url = t.endpoint_url AND w.network <> ''
      AND STARTS_WITH(s.source_ip, w.network)
  ) AS let_in,
  DATE_DIFF('microsecond', t.happened_at, s.ended_at) / 1000.0 AS took_ms,
  EXISTS (SELECT 1 FROM serving_streams AS v WHERE v.endpoint_url = t.endpoint_url) AS logged,
  EXISTS (
    SELECT 1
    FROM proof_spans AS p
    JOIN serving_streams AS v
      ON v.endpoint_url = p.endpoint_url AND v.layer = p.layer AND v.depth = 1
    WHERE p.endpoint_url = t.endpoint_url AND t.happened_at BETWEEN p.starts_at AND p.ends_at
  ) AS covered,
  EXISTS (
    SELECT 1 FROM holes AS h
    WHERE h.endpoint_url = t.endpoint_url AND t.happened_at BETWEEN h.starts_at AND h.ends_at
  ) AS hole,
  (t.endpoint_url, 'edge', DATE_TRUNC('minute', t.happened_at)) IN (FROM lively_minutes)
    AS edge_alive,
  (t.endpoint_url, 'app', DATE_TRUNC('minute', t.happened_at)) IN (FROM lively_minutes)
    AS app_alive,
  COALESCE(f.run_size, 0) AS run_size, f.accepted_before, f.accepted_after,
  t.same_answers, f.type_chance, f.type_rate
FROM troubled_attempts AS t
LEFT JOIN seen AS s
  ON s.delivery_no = t.delivery_no AND s.attempt_key IS NOT DISTINCT FROM t.attempt_key
LEFT JOIN unsigned AS n ON n.delivery_no = t.delivery_no AND n.happened_at = t.happened_at
LEFT JOIN (
  SELECT event_uuid, BOOL_AND(fits) AS fits FROM signature_checks GROUP BY event_uuid
) AS g ON g.event_uuid = t.event_uuid
LEFT JOIN failing_attempts AS f
  ON f.delivery_no = t.delivery_no AND f.attempt_key = t.attempt_key
