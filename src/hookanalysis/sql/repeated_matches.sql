/* repeated_matches: the receipts of events that count more than once in a layer.
   grain:  one receipt
   inputs: matches

   Kept apart, for all other events need no comparing, and they are many. */
WITH repeated_events AS (
  SELECT event_uuid, layer
  FROM matches
  WHERE counts
  GROUP BY event_uuid, layer
  HAVING COUNT(*) > 1
)
SELECT
  m.receipt_id, m.event_uuid, m.endpoint_url, m.layer, m.stream, m.attempt_key, m.match_rule,
  m.arrived_at, m.ended_at, m.path, m.http_status, m.accepted, m.processed, m.known_before,
  m.signature_failed, m.stranger
FROM matches AS m
JOIN repeated_events AS r ON r.event_uuid = m.event_uuid AND r.layer = m.layer
WHERE m.counts
