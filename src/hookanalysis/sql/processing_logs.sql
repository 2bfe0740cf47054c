/* processing_logs: layers behind the edge that tell when an endpoint's event is processed.
   grain:  one endpoint and layer
   inputs: matches

   At least half of the layer's accepted requests must be said to be processed (or known, or
   failed), or eight of ten in a row: an outage of the processing, however long, does not unlearn
   what the log told before it. Only then does it mean something if a log says only that a request
   came. */
WITH named_requests AS (
  SELECT
    endpoint_url, layer, arrived_at, receipt_id, processed IS NOT NULL OR known_before AS told
  FROM matches
  WHERE layer <> 'edge' AND accepted AND match_rule <> 'time' AND endpoint_url <> ''
),
shares AS (
  SELECT endpoint_url, layer, COUNT(*) FILTER (told) / COUNT(*) AS share
  FROM named_requests
  GROUP BY ALL
)
SELECT endpoint_url, layer FROM shares WHERE share >= 0.5
UNION ALL
SELECT endpoint_url, layer
FROM (
  SELECT
    endpoint_url, layer,
    SUM(CASE WHEN told THEN 1 ELSE 0 END) OVER (
      PARTITION BY endpoint_url, layer ORDER BY arrived_at, receipt_id ROWS 9 PRECEDING
    ) AS told_of_ten
  FROM named_requests
  JOIN shares USING (endpoint_url, layer)
  WHERE share > 0 AND share < 0.5
)
GROUP BY ALL
HAVING MAX(told_of_ten) >= 8
