/* resends: what to resend, in which order, and what not to; of the deliveries of the period.
   grain:  one delivery
   inputs: judged, resends; $most: how many */
SELECT
  ROW_NUMBER() OVER (ORDER BY r.position, r.event_uuid, r.endpoint_url) AS number,
  r.advice, r.event_uuid, r.endpoint_url, r.event_type, r.happened_at, r.reason,
  COUNT(*) OVER () AS total
FROM resends AS r
INNER JOIN judged($since, $until, $endpoint, $event_type) AS j USING (event_uuid, endpoint_url)
ORDER BY number
LIMIT $most
