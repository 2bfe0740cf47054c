/* moments: what happened before, in and after a run of failures; tests left out.
   grain:  one row
   inputs: judged, tried, deliveries

   A success of a delivery that never arrived, or was never processed, is a failure here. */
WITH tries AS (
  SELECT
    t.event_uuid, t.endpoint_url, t.attempted_at,
    t.attempted_at < CAST($since AS TIMESTAMP) AS is_before,
    t.attempted_at >= CAST($until AS TIMESTAMP) AS is_after,
    COALESCE(d.outcome IN ('missed', 'unprocessed'), FALSE) AS in_vain,
    t.status = 'success' AND NOT in_vain AS good,
    t.status = 'failed' OR t.status = 'success' AND in_vain AS bad
  FROM tried(NULL, NULL, $endpoint, NULL) AS t
  LEFT JOIN deliveries AS d
    ON d.event_uuid = t.event_uuid AND COALESCE(d.endpoint_url, '') = t.endpoint_url
),
hit AS (
  SELECT DISTINCT event_uuid, endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome <> 'delivered' AND NOT is_test
),
placed_tries AS (
  SELECT
    t.attempted_at, t.good, t.bad AND NOT t.is_before AND NOT t.is_after AS failed_in,
    t.is_before, t.is_after, t.is_after AND h.event_uuid IS NOT NULL AS is_resend
  FROM tries AS t
  LEFT JOIN hit AS h ON h.event_uuid = t.event_uuid AND h.endpoint_url = t.endpoint_url
)
SELECT
  MAX(attempted_at) FILTER (good AND is_before) AS good_before_at,
  MIN(attempted_at) FILTER (failed_in) AS bad_from_at,
  MAX(attempted_at) FILTER (failed_in) AS bad_to_at,
  COUNT(*) FILTER (failed_in) AS failures,
  MIN(attempted_at) FILTER (good AND is_after) AS good_after_at,
  MIN(attempted_at) FILTER (is_resend) AS resent_from_at,
  MAX(attempted_at) FILTER (is_resend) AS resent_to_at,
  COUNT(*) FILTER (is_resend) AS resends,
  COUNT(*) FILTER (is_resend AND good) AS resends_succeeded
FROM placed_tries
