/* processing_logs: layers behind the edge that tell when an endpoint's event is processed.
   grain:  one endpoint and layer
   inputs: matches

   At least half of the layer's accepted requests must be said to be processed (or known, or
   failed). Only then does it mean something if a log says only that a request came. */
SELECT endpoint_url, layer
FROM matches
WHERE layer <> 'edge' AND accepted AND endpoint_url <> ''
GROUP BY endpoint_url, layer
HAVING SUM(CASE WHEN processed IS NOT NULL OR known_before THEN 1 ELSE 0 END) >= 0.5 * COUNT(*)
