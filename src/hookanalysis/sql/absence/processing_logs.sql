/* processing_logs: endpoints whose application logs that it processed an event.
   grain:  one endpoint
   inputs: matches

   At least half of the accepted requests must be said to be processed (or known, or failed). Only
   then does it mean something if a log says no more of a request than that it came. */
SELECT endpoint_url
FROM matches
WHERE layer <> 'edge' AND accepted AND endpoint_url <> ''
GROUP BY endpoint_url
HAVING SUM(CASE WHEN processed IS NOT NULL OR known_before THEN 1 ELSE 0 END) >= 0.5 * COUNT(*)
