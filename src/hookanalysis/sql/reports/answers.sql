/* answers: what the attempts of the period were answered; tests left out.
   grain:  one endpoint and answer
   inputs: attempts; $since and $until, $endpoint, $event_type, NULL for any; $most: how many */
SELECT
  COALESCE(endpoint_url, '') AS endpoint_url,
  http_status,
  CASE WHEN http_status IS NULL THEN COALESCE(error_kind, status) END AS unanswered,
  status,
  COUNT(*) AS attempts,
  MIN(attempted_at) AS first_at,
  MAX(attempted_at) AS last_at,
  COUNT(*) OVER () AS total
FROM attempts
WHERE attempted_at IS NOT NULL
  AND NOT COALESCE(is_test, FALSE)
  AND (CAST($since AS TIMESTAMP) IS NULL OR attempted_at >= CAST($since AS TIMESTAMP))
  AND (CAST($until AS TIMESTAMP) IS NULL OR attempted_at < CAST($until AS TIMESTAMP))
  AND (
    CAST($endpoint AS VARCHAR) IS NULL
    OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
  )
  AND (CAST($event_type AS VARCHAR) IS NULL OR event_type = CAST($event_type AS VARCHAR))
GROUP BY 1, 2, 3, 4
ORDER BY endpoint_url, attempts DESC, http_status NULLS LAST, unanswered NULLS LAST, status
LIMIT $most
