/* processing_logs: layers behind the edge that usually tell what became of an endpoint's event.
   grain:  one endpoint and layer, and what it tells (told): that an accepted event came
           ('accepted'), or that one was processed ('processed')
   inputs: matches

   The layer must tell so of half of the events, or of eight of ten in a row: an outage, however
   long, does not unlearn what the log told before it. Only then does it mean something if a log
   does not tell it. A log that tells of failures and repeats tells the exception, which says
   nothing of the rule. Some twenty thousand accepted events are enough to learn from. */
WITH events AS (
  SELECT
    'processed' AS told, endpoint_url, layer, event_uuid, MIN(arrived_at) AS arrived_at,
    BOOL_OR(processed IS NOT NULL) AS tells
  FROM matches
  WHERE layer <> 'edge' AND accepted AND COALESCE(processed, TRUE) AND NOT known_before
    AND match_rule <> 'time' AND endpoint_url <> ''
  GROUP BY ALL
  UNION ALL
  SELECT
    'accepted', e.endpoint_url, l.layer, e.event_uuid, MIN(e.arrived_at),
    BOOL_OR(i.delivery_no IS NOT NULL)
  FROM matches AS e
  JOIN (SELECT DISTINCT endpoint_url, layer FROM matches WHERE layer <> 'edge') AS l
    ON l.endpoint_url = e.endpoint_url
  LEFT JOIN matches AS i
    ON i.delivery_no = e.delivery_no AND i.layer = l.layer
    AND COALESCE(i.accepted, i.processed, TRUE)
  WHERE e.layer = 'edge' AND e.accepted
    AND hash(e.event_uuid) % (SELECT COUNT(*) // 20000 + 1 FROM matches) = 0
  GROUP BY ALL
),
tens AS (
  SELECT
    told, endpoint_url, layer, tells,
    SUM(CASE WHEN tells THEN 1 ELSE 0 END) OVER (
      PARTITION BY told, endpoint_url, layer ORDER BY arrived_at, event_uuid ROWS 9 PRECEDING
    ) AS told_of_ten
  FROM events
)
SELECT told, endpoint_url, layer
FROM tens
GROUP BY ALL
HAVING 2 * COUNT(*) FILTER (tells) >= COUNT(*) OR MAX(told_of_ten) >= 8
