/* answers: what the attempts of the period were answered; tests left out.
   grain:  one endpoint and answer
   inputs: tried; $most: how many */
SELECT
  endpoint_url,
  http_status,
  CASE WHEN http_status IS NULL THEN COALESCE(error_kind, status) END AS unanswered,
  status,
  COUNT(*) AS attempts,
  COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY endpoint_url) AS share,
  MIN(attempted_at) AS first_at,
  MAX(attempted_at) AS last_at,
  COUNT(*) OVER () AS total
FROM tried($since, $until, $endpoint, $event_type)
GROUP BY endpoint_url, http_status, unanswered, status
ORDER BY endpoint_url, attempts DESC, http_status NULLS LAST, unanswered NULLS LAST, status
LIMIT $most
