/* edge_lines: lines of the edge that name no event and may be the sender's requests.
   grain:  one receipt of the edge without an event
   inputs: placed_receipts, generations

   A line of whole seconds stands for all of its second: latest_at is the end of that. */
WITH edge_streams AS (
  SELECT stream, MIN(time_marks) AS time_marks, MAX(time_resolution_ms) AS resolution_ms
  FROM generations
  WHERE layer = 'edge'
  GROUP BY stream
)
SELECT
  r.receipt_id,
  r.stream,
  r.path,
  r.arrived_at,
  r.ended_at,
  r.ended_at + COALESCE(s.resolution_ms, 0) * INTERVAL '1 millisecond' AS latest_at,
  s.time_marks,
  r.tolerance,
  r.http_status,
  r.accepted,
  r.by_sender
FROM placed_receipts AS r
JOIN edge_streams AS s ON s.stream = r.stream
WHERE r.layer = 'edge' AND r.event_uuid IS NULL AND NOT r.stranger AND r.known_path IS NOT NULL
