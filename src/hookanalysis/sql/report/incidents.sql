/* incidents: runs of failures that touch the period; the worst first.
   grain:  one incident
   inputs: incidents; $most: how many */
SELECT
  incident_id, COALESCE(NULLIF(endpoint_url, ''), host, '') AS place, starts_at, ends_at,
  EPOCH(ends_at - starts_at) * 1000 AS lasts_ms, deliveries, failed, recovered, still_open,
  statuses, COUNT(*) OVER () AS total
FROM incidents
WHERE touches(starts_at, ends_at, $since, $until)
  AND (
    at_endpoint(endpoint_url, $endpoint)
    OR endpoint_url = '' AND host IN ($endpoint, LOWER(SPLIT_PART($endpoint, '/', 3)))
  )
ORDER BY failed - recovered DESC, failed DESC, incident_id
LIMIT $most
