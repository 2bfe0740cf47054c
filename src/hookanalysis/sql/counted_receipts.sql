/* counted_receipts: the one layer in which a delivery's receipts are counted.
   grain:  one event for one endpoint that has receipts
   inputs: layer_deliveries, omissions

   It is the layer nearest to what became of the event: application, else queue, else table, else
   edge. Other layers are never added. Requests of strangers alone count only for an event that the
   sender does not know. processed is the most that any layer says. */
WITH sound_layers AS (
  SELECT
    event_uuid, endpoint_url, layer, nearness, arrivals, strangers, accepted, processed,
    said_failed, known_before, signature_failed, first_at, first_accepted_at, last_status,
    stranger, several_paths, weakest_rule
  FROM layer_deliveries
  WHERE arrivals > 0 OR event_uuid IN (SELECT event_uuid FROM omissions WHERE says = 'absent')
),
deeper_layers AS (
  SELECT event_uuid, endpoint_url, MAX(processed) AS processed
  FROM sound_layers
  WHERE layer IN ('queue', 'table')
  GROUP BY event_uuid, endpoint_url
)
SELECT
  s.event_uuid,
  s.endpoint_url,
  s.layer,
  CASE WHEN s.arrivals = 0 THEN s.strangers ELSE s.arrivals END AS arrivals,
  s.accepted,
  GREATEST(s.processed, COALESCE(d.processed, 0)) AS processed,
  s.said_failed,
  s.known_before,
  s.signature_failed,
  s.stranger,
  s.first_at,
  s.first_accepted_at,
  s.last_status,
  s.several_paths,
  s.weakest_rule
FROM sound_layers AS s
LEFT JOIN deeper_layers AS d
  ON d.event_uuid = s.event_uuid AND d.endpoint_url = s.endpoint_url
WHERE s.nearness = 1
  OR NOT EXISTS (
    SELECT 1 FROM sound_layers AS n
    WHERE n.event_uuid = s.event_uuid AND n.endpoint_url = s.endpoint_url
      AND n.nearness < s.nearness
  )
