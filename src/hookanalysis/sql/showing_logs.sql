/* showing_logs: layers behind the edge that usually show what it accepted.
   grain:  one endpoint and layer
   inputs: matches

   What such a layer does not show, it did not get; of a log of failures alone that cannot be said.
   Some twenty thousand events are enough to learn from, and all or a twentieth of a small endpoint. */
WITH sizes AS (
  SELECT endpoint_url, COUNT(*) AS total FROM matches WHERE layer = 'edge' GROUP BY ALL
),
accepted_events AS (
  SELECT e.endpoint_url, l.layer, e.event_uuid, MIN(e.arrived_at) AS arrived_at, COUNT(i.layer) > 0 AS told
  FROM matches AS e
  JOIN (SELECT DISTINCT endpoint_url, layer FROM matches WHERE layer <> 'edge') AS l
    ON l.endpoint_url = e.endpoint_url
  JOIN sizes AS n ON n.endpoint_url = e.endpoint_url
  LEFT JOIN matches AS i
    ON i.delivery_no = e.delivery_no AND i.layer = l.layer
    AND COALESCE(i.accepted, i.processed, TRUE)
  WHERE e.layer = 'edge' AND e.accepted
    AND sampled_at(e.event_uuid, n.total, (SELECT COUNT(*) FROM matches))
  GROUP BY ALL
)
FROM usually_tell('accepted_events')
