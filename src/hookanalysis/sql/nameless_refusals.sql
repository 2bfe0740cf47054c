/* nameless_refusals: answers of refusal that the logs behind the edge tell without the event.
   grain:  one endpoint and status, as the sender saw it
   inputs: placed_receipts, endpoint_paths, attempts

   An application that refuses a request may do so before it knows the event. A line of it that
   shows neither path nor status may be of any request. */
WITH refusals AS (
  SELECT DISTINCT r.path, r.known_path, r.http_status
  FROM placed_receipts AS r
  WHERE r.layer <> 'edge'
    AND r.event_uuid IS NULL
    AND NOT r.stranger
    AND NOT COALESCE(r.accepted, r.processed, TRUE)
)
SELECT DISTINCT a.endpoint_url, a.http_status
FROM attempts AS a
JOIN endpoint_paths AS e ON e.endpoint_url = a.endpoint_url
JOIN refusals AS r ON r.known_path = e.path OR r.path IS NULL
WHERE a.status = 'failed' AND COALESCE(r.http_status = a.http_status, TRUE)
