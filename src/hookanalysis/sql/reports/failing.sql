/* failing: endpoints whose latest finished attempts have all failed; tests left out.
   grain:  one endpoint
   inputs: attempts; $until and $endpoint, NULL for any; $streak: shortest run that is told of */
WITH finished_attempts AS (
  SELECT
    COALESCE(endpoint_url, '') AS endpoint_url, attempted_at, status, http_status, error_kind,
    MAX(CASE WHEN status = 'success' THEN attempted_at END) OVER (
      PARTITION BY endpoint_url
    ) AS last_success_at
  FROM attempts
  WHERE status IN ('success', 'failed')
    AND attempted_at IS NOT NULL
    AND NOT COALESCE(is_test, FALSE)
    AND (CAST($until AS TIMESTAMP) IS NULL OR attempted_at < CAST($until AS TIMESTAMP))
    AND (
      CAST($endpoint AS VARCHAR) IS NULL
      OR CAST($endpoint AS VARCHAR) IN (endpoint_url, LOWER(SPLIT_PART(endpoint_url, '/', 3)))
    )
)
SELECT
  endpoint_url,
  COUNT(*) AS attempts,
  MIN(attempted_at) AS first_at,
  MAX(attempted_at) AS last_at,
  MAX(last_success_at) AS last_success_at,
  ARG_MAX(http_status, attempted_at) AS http_status,
  ARG_MAX(error_kind, attempted_at) AS error_kind
FROM finished_attempts
WHERE status = 'failed'
  AND (last_success_at IS NULL OR attempted_at > last_success_at)
GROUP BY endpoint_url
HAVING COUNT(*) >= $streak
ORDER BY attempts DESC, endpoint_url
