/* matches_by_uuid: the first rungs: receipts whose event is named, by themselves, by transaction
   or by request id.
   grain:  one receipt that names its event
   inputs: placed_receipts, attempt_turns, attempts, endpoint_paths, receipts, settings

   The attempt is the one in whose turn it came, give or take the clock's tolerance. Where the lines
   do not say how the request was answered, the sender's view of that attempt does. An event that
   the sender does not know belongs to the endpoint with the receipt's path, if there is one.
   elsewhere: the path is no known endpoint's, and not the attempt's as a proxy may have changed it,
   while the layer shows requests to the attempt's own, or it was answered 2xx when the sender got a
   refusal (but not a proxy's own 502 to 504) or no connection: it went to an endpoint that is not
   exported.
   counts: false where the request is counted at the receipt that shares its id, and for a
   stranger's request that was not accepted: anyone can post a known uuid. */
WITH listed_events AS (
  SELECT event_uuid, MAX(endpoint_url) AS endpoint_url
  FROM attempts
  WHERE status = 'none'
  GROUP BY event_uuid
  HAVING COUNT(DISTINCT endpoint_url) = 1
),
shown_paths AS (
  SELECT DISTINCT layer, path
  FROM receipts
  WHERE event_uuid IS NOT NULL AND path IS NOT NULL AND COALESCE(accepted, TRUE)
),
named_receipts AS (
  SELECT
    r.*,
    h.path IS NOT NULL
      OR COALESCE(
        r.known_path IS NULL AND STRPOS(r.path, t.path) = 0 AND STRPOS(t.path, r.path) = 0
        AND r.http_status BETWEEN 200 AND 299 AND t.status = 'failed'
        AND (t.http_status NOT BETWEEN 502 AND 504 OR t.error_kind IN ('refused', 'dns', 'tls'))
        AND r.arrived_at
          <= t.attempted_at + r.tolerance + s.timeout_seconds * INTERVAL '1 second', FALSE
      ) AS elsewhere,
    COALESCE(t.endpoint_url, p.endpoint_url, l.endpoint_url, '') AS endpoint_url,
    CASE WHEN r.arrived_at + r.tolerance >= t.attempted_at THEN t.attempt_key END AS attempt_key,
    DATE_DIFF('microsecond', t.attempted_at, r.arrived_at) / 1000.0 AS distance_ms,
    CASE
      WHEN r.accepted IS NOT NULL THEN r.accepted
      WHEN r.processed OR t.status = 'success' THEN TRUE
      WHEN t.http_status IS NOT NULL THEN FALSE
      ELSE COALESCE(r.processed, TRUE)
    END AS was_accepted,
    t.event_uuid IS NOT NULL AS listed,
    t.event_uuid IS NOT NULL OR l.event_uuid IS NOT NULL AS is_known
  FROM placed_receipts AS r
  CROSS JOIN settings AS s
  LEFT JOIN attempt_turns AS t
    ON t.event_uuid = r.event_uuid
    AND (t.path IS NULL OR t.path = r.known_path OR (r.known_path IS NULL AND NOT t.fanned))
    AND (t.is_first OR r.arrived_at + r.tolerance >= t.attempted_at)
    AND (t.next_at IS NULL OR r.arrived_at + r.tolerance < t.next_at)
  LEFT JOIN shown_paths AS h
    ON h.path = t.path AND h.layer = r.layer AND r.known_path IS NULL
    AND STRPOS(r.path, h.path) = 0 AND STRPOS(h.path, r.path) = 0
  LEFT JOIN endpoint_paths AS p ON p.path = r.known_path AND p.sharing = 1
  LEFT JOIN listed_events AS l ON l.event_uuid = r.event_uuid
  WHERE r.event_uuid IS NOT NULL
)
SELECT
  receipt_id, layer, stream, event_uuid,
  CASE WHEN elsewhere THEN '' ELSE endpoint_url END AS endpoint_url,
  CASE WHEN NOT elsewhere THEN attempt_key END AS attempt_key, match_rule,
  CAST(1 AS DOUBLE) AS score,
  CASE WHEN NOT elsewhere THEN distance_ms END AS distance_ms,
  arrived_at, ended_at, path, http_status,
  was_accepted AS accepted, processed, known_before, signature_failed, stranger,
  match_rule <> 'request_id' AND NOT (stranger AND NOT was_accepted AND is_known) AS counts,
  listed AND NOT elsewhere AS listed
FROM named_receipts
