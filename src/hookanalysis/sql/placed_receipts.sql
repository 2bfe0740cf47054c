/* placed_receipts: receipts on the sender's clock, with what says whose they are.
   grain:  one receipt
   inputs: receipts, clock_offsets, endpoint_paths, settings

   stranger: its address is none of the sender's, in a log that does show the sender's addresses.
   by_sender: its address is the sender's. known_path: its path, where it is an endpoint's and it
   was posted or put there (posted).
   event_uuid: also that of the one event whose lines share its request id (match_rule). */
WITH request_events AS (
  SELECT request_id, MIN(event_uuid) AS event_uuid
  FROM receipts
  WHERE request_id IS NOT NULL AND event_uuid IS NOT NULL
  GROUP BY request_id
  HAVING MIN(event_uuid) = MAX(event_uuid)
),
direct_streams AS (
  SELECT DISTINCT r.stream
  FROM receipts AS r
  CROSS JOIN settings AS s
  WHERE LIST_CONTAINS(s.sender_ips, r.source_ip)
),
paths AS (
  SELECT DISTINCT path FROM endpoint_paths
)
SELECT
  r.receipt_id,
  r.layer,
  r.stream,
  COALESCE(r.event_uuid, q.event_uuid) AS event_uuid,
  CASE
    WHEN r.uuid_by = 'transaction' THEN 'transaction'
    WHEN r.event_uuid IS NOT NULL THEN 'uuid'
    WHEN q.event_uuid IS NOT NULL THEN 'request_id'
  END AS match_rule,
  r.path,
  p.path AS known_path,
  r.path IS NOT NULL AND COALESCE(r.method, 'POST') IN ('POST', 'PUT') AS posted,
  r.received_at
    - COALESCE(d.offset_ms, f.offset_ms, 0) * INTERVAL '1 millisecond' AS arrived_at,
  r.ended_at - COALESCE(d.offset_ms, f.offset_ms, 0) * INTERVAL '1 millisecond' AS ended_at,
  COALESCE(d.tolerance_ms, f.tolerance_ms, 0) * INTERVAL '1 millisecond' AS tolerance,
  r.http_status,
  r.accepted,
  r.processed,
  r.known_before,
  r.signature_failed,
  r.source_ip,
  COALESCE(LIST_CONTAINS(s.sender_ips, r.source_ip), FALSE) AS by_sender,
  i.stream IS NOT NULL
    AND COALESCE(NOT LIST_CONTAINS(s.sender_ips, r.source_ip), FALSE) AS stranger
FROM receipts AS r
CROSS JOIN settings AS s
LEFT JOIN request_events AS q ON q.request_id = r.request_id AND r.event_uuid IS NULL
LEFT JOIN clock_offsets AS d
  ON d.stream = r.stream AND d.day = CAST(r.received_at AS DATE)
LEFT JOIN clock_offsets AS f ON f.stream = r.stream AND f.day IS NULL
LEFT JOIN paths AS p ON p.path = r.path AND COALESCE(r.method, 'POST') IN ('POST', 'PUT')
LEFT JOIN direct_streams AS i ON i.stream = r.stream
