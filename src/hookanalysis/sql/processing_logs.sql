/* processing_logs: layers behind the edge that tell when an endpoint's event is processed.
   grain:  one endpoint and layer
   inputs: matches

   At least half of the layer's accepted requests must be said to be processed (or known, or
   failed), or eight of ten in a row: an outage of the processing, however long, does not unlearn
   what the log told before it. Only then does it mean something if a log says only that a request
   came. */
WITH told AS (
  SELECT
    endpoint_url, layer, processed IS NOT NULL OR known_before AS told,
    SUM(CASE WHEN processed IS NOT NULL OR known_before THEN 1 ELSE 0 END) OVER (
      PARTITION BY endpoint_url, layer ORDER BY arrived_at, receipt_id ROWS 9 PRECEDING
    ) AS told_of_ten
  FROM matches
  WHERE layer <> 'edge' AND accepted AND match_rule <> 'time' AND endpoint_url <> ''
)
SELECT endpoint_url, layer
FROM told
GROUP BY endpoint_url, layer
HAVING COUNT(*) FILTER (WHERE told) >= 0.5 * COUNT(*) OR MAX(told_of_ten) >= 8
