/* undecided_deliveries: deliveries that may or may not own a request in the logs.
   grain:  one event for one endpoint
   inputs: requests, candidates, nameless_receipts, matches, attempts, hard_attempts, receipts,
           endpoint_paths, processing_logs, proof_spans, repeated_events, settings

   Either a line fits several requests, in some assignment also this one, and the edge, whole at that
   time, may have one of it; or a receipt names the event, but not to which endpoint it went; or one
   names a transaction of which several events may be meant. behind_edge: it may own a line there.
   unanswered: it may be of an attempt that the sender saw unanswered, and may have been accepted;
   but where a log that tells of the work, or of nearly all that was accepted, names the event for
   another attempt alone, only a line that tells of the work, too, matters.
   reason: where only a request from an address that is not known to be the sender's may be it, the
   address. */
WITH settled AS (
  SELECT
    event_uuid, endpoint_url, attempt_key, BOOL_OR(state = 'line') AS has_line,
    -- Not where requests have reached what is behind the edge without it.
    BOOL_OR(layer = 'edge' AND state = 'none' AND covered
      AND endpoint_url NOT IN (SELECT endpoint_url FROM requests WHERE layer = 'edge' AND state = 'lacking')) AS not_at_edge
  FROM requests WHERE nth = 1
  GROUP BY ALL
),
-- The edge certainly has no line of any attempt.
absent AS (
  SELECT delivery_no
  FROM settled JOIN attempts USING (event_uuid, endpoint_url, attempt_key)
  GROUP BY delivery_no HAVING BOOL_AND(not_at_edge)
),
-- Requests of which a line may be that tells of no refusal.
takers AS (
  SELECT
    c.layer, c.event_uuid, c.endpoint_url, c.attempt_key,
    BOOL_OR(COALESCE(r.processed OR r.known_before, FALSE)) AS works
  FROM candidates AS c JOIN nameless_receipts AS r ON r.receipt_id = c.receipt_id
  WHERE COALESCE(r.accepted, TRUE) OR r.http_status IN (408, 460, 499, 504)
  GROUP BY ALL
),
naming AS (
  SELECT p.endpoint_url, p.layer
  FROM attempts AS a
  JOIN proof_spans AS p ON p.endpoint_url = a.endpoint_url AND a.attempted_at BETWEEN p.starts_at AND p.ends_at
  LEFT JOIN (
    SELECT DISTINCT attempt_key, event_uuid, layer FROM matches
    WHERE match_rule <> 'time' AND accepted AND sampled(event_uuid, (SELECT COUNT(*) FROM attempts))
  ) AS m ON m.attempt_key = a.attempt_key AND m.event_uuid = a.event_uuid AND m.layer = p.layer
  WHERE a.status = 'success' AND sampled(a.event_uuid, (SELECT COUNT(*) FROM attempts))
  GROUP BY ALL HAVING COUNT(*) >= 20 AND COUNT(m.layer) >= 0.95 * COUNT(*)
),
-- Deliveries of which a log that was whole all the time tells the work, or that one came.
worked AS (
  SELECT DISTINCT a.delivery_no, a.attempt_key
  FROM attempts AS a CROSS JOIN settings AS s
  JOIN matches AS m ON m.delivery_no = a.delivery_no AND m.accepted AND m.match_rule <> 'time'
  JOIN (
    SELECT endpoint_url, layer, TRUE AS works FROM processing_logs
    UNION ALL SELECT *, FALSE FROM naming
  ) AS g ON g.endpoint_url = a.endpoint_url AND g.layer = m.layer AND (m.processed OR NOT g.works)
  JOIN proof_spans AS p
    ON p.endpoint_url = a.endpoint_url AND p.layer = m.layer AND p.starts_at <= a.attempted_at
    AND p.ends_at >= a.attempted_at + 2 * s.timeout_seconds * INTERVAL '1 second'
  WHERE a.status = 'failed' AND a.http_status IS NULL
    AND a.event_uuid NOT IN (SELECT event_uuid FROM matches WHERE endpoint_url = '')
),
-- Events of which more was accepted than the sender saw succeed.
surplus AS (
  SELECT event_uuid FROM matches JOIN (
    SELECT event_uuid, COUNT_IF(status = 'success') AS successes FROM attempts
    WHERE event_uuid IN (SELECT event_uuid FROM matches WHERE endpoint_url = '') GROUP BY ALL
  ) USING (event_uuid)
  WHERE accepted AND NOT stranger
  GROUP BY event_uuid, stream HAVING COUNT(*) > MAX(successes)
),
-- Lines that are nobody's; where these are most, they say nothing.
spare_lines AS (
  SELECT p.endpoint_url, r.arrived_at, r.accepted
  FROM nameless_receipts AS r JOIN endpoint_paths AS p ON p.path = COALESCE(r.known_path, p.path)
  ANTI JOIN matches AS m ON m.receipt_id = r.receipt_id
  ANTI JOIN candidates AS c ON c.receipt_id = r.receipt_id
  WHERE NOT r.stranger
    AND (r.posted AND r.known_path <> '' OR r.path IS NULL AND r.by_sender AND r.layer = 'edge')
),
-- Three accepted in a row that no attempt needs: there the exports lack attempts.
lacking_pages AS (
  SELECT r.endpoint_url, MAX(r.arrived_at) AS last_at
  FROM spare_lines AS r ASOF LEFT JOIN attempts AS a ON a.endpoint_url = r.endpoint_url AND a.attempted_at <= r.arrived_at
  WHERE r.accepted GROUP BY r.endpoint_url, a.attempted_at HAVING COUNT(*) >= 3
),
undecided AS (
  SELECT
    a.delivery_no, q.layer <> 'edge' AS behind_edge,
    a.attempt_key = q.attempt_key AND a.status = 'failed' AND a.http_status IS NULL
      AND NOT s.has_line AND t.layer IS NOT NULL
      AND (t.works OR w.delivery_no IS NULL) AS unanswered,
    CASE WHEN r.stranger THEN reason('unlisted_address', address := r.source_ip) END AS reason
  FROM requests AS q
  JOIN settled AS s
    ON s.event_uuid = q.event_uuid AND s.endpoint_url = q.endpoint_url AND s.attempt_key IS NOT DISTINCT FROM q.attempt_key
  LEFT JOIN takers AS t
    ON t.layer = q.layer AND t.event_uuid = q.event_uuid AND t.endpoint_url = q.endpoint_url AND t.attempt_key = q.attempt_key
  JOIN attempts AS a ON a.event_uuid = q.event_uuid AND a.endpoint_url = q.endpoint_url
  LEFT JOIN worked AS w ON w.delivery_no = a.delivery_no AND w.attempt_key = a.attempt_key
  LEFT JOIN nameless_receipts AS r ON r.receipt_id = q.stranger_id
  WHERE q.state = 'open' AND NOT q.shown AND NOT (q.layer <> 'edge' AND s.not_at_edge)
  UNION ALL
  SELECT a.delivery_no, m.layer <> 'edge',
    a.status = 'failed' AND a.http_status IS NULL AND a.event_uuid IN (FROM surplus), NULL
  FROM matches AS m JOIN attempts AS a ON a.event_uuid = m.event_uuid
  WHERE m.endpoint_url = '' AND NOT m.listed AND NOT m.stranger AND a.endpoint_url <> ''
    -- One that the edge has a line of explains it; to another path it may have gone past the edge.
    AND (m.path IS NOT NULL OR a.delivery_no NOT IN (FROM absent)
      OR a.event_uuid NOT IN (SELECT event_uuid FROM requests WHERE layer = 'edge' AND state = 'line'))
  UNION ALL
  SELECT a.delivery_no, TRUE, FALSE, NULL
  FROM (
    SELECT DISTINCT transaction_id, event_type FROM receipts
    WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
  ) AS u
  JOIN attempts AS a ON a.transaction_id = u.transaction_id
  WHERE COALESCE(a.event_type = u.event_type, TRUE)
    AND a.delivery_no NOT IN (SELECT delivery_no FROM matches WHERE counts)
  UNION ALL
  -- What never left the sender, as it says, near a line that is nobody's: it may tell of a second
  -- hop, to which the first redirected it, or of the last of several tries.
  SELECT a.delivery_no, FALSE, FALSE, NULL
  FROM hard_attempts AS a ASOF JOIN spare_lines AS r
    ON r.endpoint_url = a.endpoint_url AND r.arrived_at <= a.attempted_at + INTERVAL '600 seconds'
  WHERE never_left(a.error_kind) AND r.arrived_at >= a.attempted_at - INTERVAL '600 seconds'
    AND (SELECT COUNT(*) FROM spare_lines) < (SELECT COUNT(*) FROM matches)
  UNION ALL
  SELECT a.delivery_no, FALSE, FALSE, NULL
  FROM hard_attempts AS a JOIN lacking_pages AS g ON g.endpoint_url = a.endpoint_url AND a.attempted_at < g.last_at
  WHERE a.status = 'failed' AND (SELECT COUNT(*) FROM spare_lines) < (SELECT COUNT(*) FROM matches)
  UNION ALL
  -- One request may carry what was sent at the very same time, where that is rare.
  SELECT a.delivery_no, FALSE, FALSE, NULL
  FROM hard_attempts AS a
  JOIN attempts AS b
    ON b.endpoint_url = a.endpoint_url AND b.attempted_at = a.attempted_at
    AND b.event_uuid <> a.event_uuid AND b.http_status IS NOT DISTINCT FROM a.http_status
    AND b.error_kind IS NOT DISTINCT FROM a.error_kind
  WHERE NOT a.told AND b.delivery_no IN (SELECT delivery_no FROM matches)
    AND (SELECT 100 * COUNT(*) < epoch(MAX(attempted_at) - MIN(attempted_at)) FROM attempts)
  UNION ALL
  -- One more success, of a time of which no log tells.
  SELECT a.delivery_no, FALSE, FALSE, reason('no_liveness')
  FROM attempts AS a
  SEMI JOIN (SELECT delivery_no FROM matches WHERE counts AND accepted) USING (delivery_no)
  ANTI JOIN matches AS m ON m.delivery_no = a.delivery_no AND m.attempt_key = a.attempt_key
  ANTI JOIN proof_spans AS p ON p.endpoint_url = a.endpoint_url AND a.attempted_at BETWEEN p.starts_at AND p.ends_at
  WHERE a.status = 'success' AND hash(a.event_uuid) IN (FROM repeated_events)
  UNION ALL
  -- A refusal that names the event, from an address that the settings do not name.
  SELECT m.delivery_no, FALSE, FALSE, reason('unlisted_address', address := r.source_ip)
  FROM matches AS m
  JOIN attempts AS a ON a.delivery_no = m.delivery_no AND a.attempt_key = m.attempt_key
  JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE m.stranger AND NOT m.counts AND COALESCE(m.http_status = a.http_status, TRUE)
    AND m.delivery_no NOT IN (SELECT delivery_no FROM matches WHERE counts AND accepted)
)
SELECT
  delivery_no, BOOL_OR(behind_edge) AS behind_edge, BOOL_OR(unanswered) AS unanswered,
  MIN(reason) AS reason
FROM undecided GROUP BY delivery_no
