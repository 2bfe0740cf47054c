/* incidents: runs of failures that touch the period; the worst first.
   grain:  one incident
   inputs: incidents; $since and $until, $endpoint, NULL for any; $most: how many */
SELECT
  incident_id, scope, endpoint_url, host, starts_at, ends_at, deliveries, failed, recovered,
  still_open, event_types, statuses, COUNT(*) OVER () AS total
FROM incidents
WHERE (CAST($since AS TIMESTAMP) IS NULL OR ends_at >= CAST($since AS TIMESTAMP))
  AND (CAST($until AS TIMESTAMP) IS NULL OR starts_at < CAST($until AS TIMESTAMP))
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, host)
    OR endpoint_url = '' AND host = LOWER(SPLIT_PART(CAST($endpoint AS VARCHAR), '/', 3))
  )
ORDER BY failed - recovered DESC, failed DESC, incident_id
LIMIT $most
