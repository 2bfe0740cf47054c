/* moments: what happened before, in and after a run of failures; tests left out.
   grain:  one row
   inputs: judged (facts/judged.sql), attempts, deliveries; $since and $until, $endpoint

   A success of a delivery that never arrived, or was never processed, is a failure here. */
WITH tries AS (
  SELECT
    a.event_uuid, COALESCE(a.endpoint_url, '') AS endpoint_url, a.attempted_at,
    a.status = 'success' AND NOT COALESCE(d.outcome IN ('missed', 'unprocessed'), FALSE) AS good,
    a.status = 'failed' OR a.status = 'success'
      AND COALESCE(d.outcome IN ('missed', 'unprocessed'), FALSE) AS bad
  FROM attempts AS a
  LEFT JOIN deliveries AS d
    ON d.event_uuid = a.event_uuid
    AND COALESCE(d.endpoint_url, '') = COALESCE(a.endpoint_url, '')
  WHERE a.attempted_at IS NOT NULL
    AND NOT COALESCE(a.is_test, FALSE)
    AND (
      CAST($endpoint AS VARCHAR) IS NULL
      OR CAST($endpoint AS VARCHAR) IN (a.endpoint_url, LOWER(SPLIT_PART(a.endpoint_url, '/', 3)))
    )
),
hit AS (
  SELECT DISTINCT event_uuid, endpoint_url FROM judged WHERE outcome <> 'delivered' AND NOT is_test
),
placed_tries AS (
  SELECT
    t.attempted_at, t.good, t.bad,
    t.attempted_at < CAST($since AS TIMESTAMP) AS is_before,
    t.attempted_at >= CAST($until AS TIMESTAMP) AS is_after,
    t.attempted_at >= CAST($until AS TIMESTAMP) AND h.event_uuid IS NOT NULL AS is_resend
  FROM tries AS t
  LEFT JOIN hit AS h ON h.event_uuid = t.event_uuid AND h.endpoint_url = t.endpoint_url
)
SELECT
  MAX(CASE WHEN good AND is_before THEN attempted_at END) AS good_before,
  MIN(CASE WHEN bad AND NOT is_before AND NOT is_after THEN attempted_at END) AS bad_from,
  MAX(CASE WHEN bad AND NOT is_before AND NOT is_after THEN attempted_at END) AS bad_to,
  COUNT(*) FILTER (WHERE bad AND NOT is_before AND NOT is_after) AS failures,
  MIN(CASE WHEN good AND is_after THEN attempted_at END) AS good_after,
  MIN(CASE WHEN is_resend THEN attempted_at END) AS resent_from,
  MAX(CASE WHEN is_resend THEN attempted_at END) AS resent_to,
  COUNT(*) FILTER (WHERE is_resend) AS resends,
  COUNT(*) FILTER (WHERE is_resend AND good) AS resends_succeeded
FROM placed_tries
