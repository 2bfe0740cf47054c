/* undecided_deliveries: deliveries that may or may not own a request in the logs.
   grain:  one event for one endpoint
   inputs: time_clusters, matches, attempts

   Either edge lines close by fit several attempts; or a receipt names the event, but not to which
   of its endpoints it went. */
SELECT event_uuid, endpoint_url
FROM time_clusters
WHERE undecided
UNION
SELECT a.event_uuid, a.endpoint_url
FROM matches AS m
JOIN attempts AS a ON a.event_uuid = m.event_uuid
WHERE m.endpoint_url = '' AND NOT m.listed AND NOT m.stranger AND a.endpoint_url <> ''
