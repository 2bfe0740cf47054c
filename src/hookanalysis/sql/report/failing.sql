/* failing: endpoints whose latest finished attempts have all failed; tests left out.
   grain:  one endpoint
   inputs: tried; $streak: shortest run that is told of */
WITH finished_attempts AS (
  SELECT
    endpoint_url, attempted_at, status, http_status, error_kind,
    MAX(attempted_at) FILTER (WHERE status = 'success') OVER (PARTITION BY endpoint_url)
      AS last_success_at
  FROM tried(NULL, $until, $endpoint, NULL)
  WHERE status IN ('success', 'failed')
)
SELECT
  endpoint_url,
  COUNT(*) AS attempts,
  MIN(attempted_at) AS first_at,
  MAX(last_success_at) AS last_success_at,
  ARG_MAX(http_status, attempted_at) AS http_status,
  ARG_MAX(error_kind, attempted_at) AS error_kind
FROM finished_attempts
WHERE status = 'failed'
  AND (last_success_at IS NULL OR attempted_at > last_success_at)
GROUP BY endpoint_url
HAVING COUNT(*) >= $streak
ORDER BY attempts DESC, endpoint_url
