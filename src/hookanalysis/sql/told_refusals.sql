/* told_refusals: answers of refusal that the logs behind the edge are known to tell with the event.
   grain:  one endpoint and status
   inputs: matches, attempts

   An application that refuses a request may do so before it knows the event: then its log names
   none. Where it has named the event of such a request once, it does so each time. */
SELECT DISTINCT m.endpoint_url, a.http_status
FROM matches AS m
JOIN attempts AS a ON a.event_uuid = m.event_uuid AND a.attempt_key = m.attempt_key
WHERE m.layer <> 'edge' AND NOT m.accepted AND a.http_status IS NOT NULL
