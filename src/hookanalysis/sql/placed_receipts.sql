/* placed_receipts: receipts on the sender's clock, with what says whose they are.
   grain:  one receipt
   inputs: receipts, clock_offsets, endpoint_paths, settings

   event_uuid: also that of the one event whose lines share its request id (match_rule).
   path_no: that of its path, or of its request's in another log, where it is an endpoint's and it
   was posted or put there (posted).
   by_sender: its address is the sender's. stranger: it is none of the sender's, in a log that does
   show the sender's addresses. */
WITH request_events AS (
  SELECT request_id, MIN(event_uuid) AS event_uuid
  FROM receipts
  WHERE event_uuid IS NOT NULL
    AND request_id IN (SELECT request_id FROM receipts WHERE event_uuid IS NULL)
  GROUP BY request_id HAVING MIN(event_uuid) = MAX(event_uuid)
),
-- The endpoint's path that a line of the same request shows.
request_paths AS (
  SELECT r.request_id, MIN(r.path) AS path
  FROM receipts AS r
  SEMI JOIN endpoint_paths AS e ON e.path = r.path
  WHERE r.request_id IN (SELECT request_id FROM receipts WHERE path IS NULL AND event_uuid IS NOT NULL)
  GROUP BY r.request_id HAVING MIN(r.path) = MAX(r.path)
),
-- One row for each stream and day; the day without one has the stream's.
clocks AS (
  SELECT stream, day, offset_ms * INTERVAL '1 millisecond' AS ahead,
    tolerance_ms * INTERVAL '1 millisecond' AS tolerance
  FROM clock_offsets
)
SELECT
  r.receipt_id, r.layer, r.stream, COALESCE(r.event_uuid, q.event_uuid) AS event_uuid,
  CASE
    WHEN r.uuid_by = 'transaction' THEN 'transaction'
    WHEN r.event_uuid IS NOT NULL THEN 'uuid'
    WHEN q.event_uuid IS NOT NULL THEN 'request_id'
  END AS match_rule,
  r.path, p.path_no,
  r.path IS NOT NULL AND COALESCE(r.method, 'POST') IN ('POST', 'PUT') AS posted,
  r.received_at - COALESCE(d.ahead, f.ahead, INTERVAL '0 seconds') AS arrived_at,
  r.ended_at - COALESCE(d.ahead, f.ahead, INTERVAL '0 seconds') AS ended_at,
  COALESCE(d.tolerance, f.tolerance, INTERVAL '0 seconds') AS tolerance,
  r.http_status, r.accepted, r.processed, r.known_before, r.signature_failed, r.source_ip, r.agent,
  COALESCE(LIST_CONTAINS(s.sender_ips, r.source_ip), FALSE) AS by_sender,
  COALESCE(NOT LIST_CONTAINS(s.sender_ips, r.source_ip), FALSE) AND r.stream IN (
    SELECT stream FROM receipts WHERE source_ip IN (SELECT UNNEST(sender_ips) FROM settings)
  ) AS stranger
FROM receipts AS r
CROSS JOIN settings AS s
LEFT JOIN request_events AS q ON q.request_id = r.request_id AND r.event_uuid IS NULL
LEFT JOIN clocks AS d ON d.stream = r.stream AND d.day = CAST(r.received_at AS DATE)
LEFT JOIN clocks AS f ON f.stream = r.stream AND f.day IS NULL
LEFT JOIN request_paths AS h ON h.request_id = r.request_id AND r.event_uuid IS NOT NULL
LEFT JOIN (SELECT DISTINCT path, path_no FROM endpoint_paths) AS p
  ON p.path = COALESCE(r.path, h.path) AND COALESCE(r.method, 'POST') IN ('POST', 'PUT')
