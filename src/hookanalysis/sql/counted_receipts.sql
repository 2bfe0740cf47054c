/* counted_receipts: the one layer in which a delivery's receipts are counted.
   grain:  one event for one endpoint that has receipts
   inputs: layer_deliveries, matches, requests

   It is the layer nearest to what became of the event: application, else queue, else table, else
   edge. Other layers are never added; but processed is the most that any of them says. */
WITH other_layers AS (
  SELECT
    o.*,
    ROW_NUMBER() OVER (
      PARTITION BY o.event_uuid, o.endpoint_url
      ORDER BY CASE o.layer WHEN 'queue' THEN 1 WHEN 'table' THEN 2 ELSE 3 END NULLS LAST,
        o.layer NULLS LAST
    ) AS place
  FROM layer_deliveries AS o
  WHERE o.layer <> 'app'
    AND NOT EXISTS (
      SELECT 1 FROM matches AS a
      WHERE a.event_uuid = o.event_uuid AND a.endpoint_url = o.endpoint_url AND a.layer = 'app'
        AND a.counts
    )
),
counted AS (
  SELECT
    event_uuid, endpoint_url, layer, arrivals, accepted, processed, said_failed, untold, known_before,
    signature_failed, first_at, first_accepted_at, last_status, stranger, several_paths,
    weakest_rule
  FROM layer_deliveries
  WHERE layer = 'app'
  UNION ALL
  SELECT
    event_uuid, endpoint_url, layer, arrivals, accepted, processed, said_failed, untold, known_before,
    signature_failed, first_at, first_accepted_at, last_status, stranger, several_paths,
    weakest_rule
  FROM other_layers
  WHERE place = 1
),
-- What a layer further out certainly has no line of was no request of its own.
surplus_receipts AS (
  SELECT event_uuid, endpoint_url, COUNT(*) AS surplus
  FROM requests
  WHERE layer = 'edge' AND nth > 1 AND state = 'none' AND covered
  GROUP BY event_uuid, endpoint_url
),
deeper_layers AS (
  SELECT event_uuid, endpoint_url, MAX(processed) AS processed
  FROM layer_deliveries
  WHERE layer IN ('queue', 'table')
  GROUP BY event_uuid, endpoint_url
)
SELECT
  c.event_uuid,
  c.endpoint_url,
  c.layer,
  GREATEST(c.arrivals - COALESCE(u.surplus, 0), 1) AS arrivals,
  CASE WHEN c.accepted > 1 THEN GREATEST(c.accepted - COALESCE(u.surplus, 0), 1) ELSE c.accepted END
    AS accepted,
  GREATEST(c.processed, COALESCE(d.processed, 0)) AS processed,
  c.said_failed,
  c.untold,
  c.known_before,
  c.signature_failed,
  c.stranger,
  c.first_at,
  c.first_accepted_at,
  c.last_status,
  c.several_paths,
  c.weakest_rule
FROM counted AS c
LEFT JOIN deeper_layers AS d
  ON d.event_uuid = c.event_uuid AND d.endpoint_url = c.endpoint_url
LEFT JOIN surplus_receipts AS u
  ON u.event_uuid = c.event_uuid AND u.endpoint_url = c.endpoint_url AND c.layer <> 'edge'
