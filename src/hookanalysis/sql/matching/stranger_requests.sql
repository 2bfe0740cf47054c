/* stranger_requests: deliveries that a request from an address not in `sender_ips` may be of.
   grain:  one event for one endpoint
   inputs: placed_receipts, unshown_attempts, matches, settings

   The sender may post from an address that the settings do not name. So an attempt that no receipt
   shows, of a delivery of which none was accepted, may be a stranger's request to its path that was
   answered as the sender saw it, in the time in which the attempt could have come. Where the sender
   saw no answer, that request was accepted, failed, or was given up by either side.
   reason: names the address of the first such request; the least, of several attempts. */
WITH strangers AS (
  SELECT
    r.receipt_id, r.path, r.known_path, r.source_ip, r.http_status, r.accepted, r.arrived_at,
    r.tolerance
  FROM placed_receipts AS r
  WHERE r.stranger
    AND (r.known_path IS NOT NULL OR r.path IS NULL)
    AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.receipt_id = r.receipt_id AND m.counts)
),
reach AS (
  SELECT
    MAX(r.tolerance) AS tolerance, MAX(s.timeout_seconds) * INTERVAL '1 second' AS timeout
  FROM strangers AS r
  CROSS JOIN settings AS s
),
silent_attempts AS (
  SELECT
    t.event_uuid, t.endpoint_url, t.attempt_key, t.path, t.status, t.http_status, t.attempted_at
  FROM unshown_attempts AS t
  WHERE COALESCE(t.error_kind, '') NOT IN ('refused', 'dns', 'tls')
    AND NOT EXISTS (
      SELECT 1 FROM matches AS m
      WHERE m.counts AND m.accepted
        AND m.event_uuid = t.event_uuid AND m.endpoint_url = t.endpoint_url
    )
),
answers AS (
  SELECT DISTINCT path, status, http_status FROM silent_attempts
),
moments AS (
  SELECT
    TRUE AS is_line, a.path, a.status, a.http_status, r.arrived_at AS moment, r.arrived_at,
    r.source_ip, r.receipt_id, CAST(NULL AS VARCHAR) AS event_uuid,
    CAST(NULL AS VARCHAR) AS endpoint_url, CAST(NULL AS VARCHAR) AS attempt_key,
    CAST(NULL AS TIMESTAMP) AS ends_at
  FROM strangers AS r
  JOIN answers AS a ON (a.path = r.known_path OR r.path IS NULL) AND CASE
    WHEN a.http_status IS NOT NULL AND r.http_status IS NOT NULL THEN a.http_status = r.http_status
    WHEN a.status = 'success' THEN COALESCE(r.accepted, TRUE)
    WHEN a.http_status IS NOT NULL THEN NOT COALESCE(r.accepted, FALSE)
    ELSE COALESCE(r.accepted, TRUE) OR r.http_status IN (408, 444) OR r.http_status >= 499
  END
  UNION ALL
  SELECT
    FALSE, a.path, a.status, a.http_status, a.attempted_at - h.tolerance, NULL, NULL, NULL,
    a.event_uuid, a.endpoint_url, a.attempt_key, a.attempted_at + h.tolerance + h.timeout
  FROM silent_attempts AS a
  CROSS JOIN reach AS h
),
followed AS (
  SELECT
    is_line, event_uuid, endpoint_url, moment, ends_at,
    FIRST_VALUE(arrived_at IGNORE NULLS) OVER later AS arrived_at,
    FIRST_VALUE(source_ip IGNORE NULLS) OVER later AS source_ip
  FROM moments
  WINDOW later AS (
    PARTITION BY path, status, http_status
    ORDER BY moment NULLS LAST, is_line NULLS LAST, receipt_id NULLS LAST, attempt_key NULLS LAST
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
  )
)
SELECT
  event_uuid, endpoint_url,
  'unlisted_address: a request from ' || MIN(source_ip) || ' may be it; if that address is the '
    || 'sender''s, add it (and others like it) to sender_ips in hookanalysis.toml, and load again'
    AS reason
FROM followed
WHERE NOT is_line AND arrived_at <= ends_at
GROUP BY event_uuid, endpoint_url
