/* moments: what happened before, in and after a run of failures; tests left out.
   grain:  one row
   inputs: judged (facts/judged.sql), attempts; $since and $until, $endpoint */
WITH tries AS (
  SELECT event_uuid, COALESCE(endpoint_url, '') AS endpoint_url, attempted_at, status
  FROM attempts
  WHERE attempted_at IS NOT NULL
    AND NOT COALESCE(is_test, FALSE)
    AND (CAST($endpoint AS VARCHAR) IS NULL OR endpoint_url = CAST($endpoint AS VARCHAR))
),
hit AS (
  SELECT DISTINCT event_uuid, endpoint_url FROM judged WHERE outcome <> 'delivered' AND NOT is_test
)
SELECT
  MAX(CASE WHEN t.status = 'success' AND t.attempted_at < CAST($since AS TIMESTAMP)
    THEN t.attempted_at END) AS good_before,
  MIN(CASE WHEN t.status = 'failed' AND t.attempted_at >= CAST($since AS TIMESTAMP)
    THEN t.attempted_at END) AS bad_from,
  MAX(CASE WHEN t.status = 'failed' AND t.attempted_at >= CAST($since AS TIMESTAMP)
    AND t.attempted_at < CAST($until AS TIMESTAMP) THEN t.attempted_at END) AS bad_to,
  COUNT(*) FILTER (WHERE t.status = 'failed' AND t.attempted_at >= CAST($since AS TIMESTAMP)
    AND t.attempted_at < CAST($until AS TIMESTAMP)) AS failures,
  MIN(CASE WHEN t.status = 'success' AND t.attempted_at >= CAST($until AS TIMESTAMP)
    THEN t.attempted_at END) AS good_after,
  MIN(CASE WHEN t.attempted_at >= CAST($until AS TIMESTAMP) AND h.event_uuid IS NOT NULL
    THEN t.attempted_at END) AS resent_from,
  MAX(CASE WHEN t.attempted_at >= CAST($until AS TIMESTAMP) AND h.event_uuid IS NOT NULL
    THEN t.attempted_at END) AS resent_to,
  COUNT(*) FILTER (WHERE t.attempted_at >= CAST($until AS TIMESTAMP)
    AND h.event_uuid IS NOT NULL) AS resends,
  COUNT(*) FILTER (WHERE t.attempted_at >= CAST($until AS TIMESTAMP)
    AND h.event_uuid IS NOT NULL AND t.status = 'success') AS resends_succeeded
FROM tries AS t
LEFT JOIN hit AS h ON h.event_uuid = t.event_uuid AND h.endpoint_url = t.endpoint_url
