/* scattered: the deliveries that were not simply delivered, as what one report can be about.
   grain:  one row; none where all is well
   inputs: judged

   failed: how many; deliveries: all of that endpoint (or, of several, of all endpoints) from the
   first of them to the last. Tests, and what is no failure yet or not the sender's, left out. */
WITH troubled AS (
  SELECT
    MIN(happened_at) AS starts_at, MAX(happened_at) AS ends_at, COUNT(*) AS failed,
    IF(COUNT(DISTINCT endpoint_url) = 1, MIN(endpoint_url), '') AS endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome NOT IN ('delivered', 'pending', 'unexpected') AND NOT unlisted AND NOT is_test
    AND happened_at IS NOT NULL
)
SELECT t.starts_at, t.ends_at, t.endpoint_url AS place, t.failed, COUNT(*) AS deliveries
FROM troubled AS t
INNER JOIN judged($since, $until, $endpoint, $event_type) AS j
  ON j.happened_at BETWEEN t.starts_at AND t.ends_at AND t.endpoint_url IN ('', j.endpoint_url)
WHERE NOT j.is_test
GROUP BY t.starts_at, t.ends_at, t.endpoint_url, t.failed

/* moments: what happened before, in and after a run of failures; tests left out.
   grain:  one row
   inputs: judged, tried, deliveries

   A success of a delivery that never arrived, or was never processed, is a failure here. */
WITH hit AS (
  SELECT DISTINCT event_uuid, endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome <> 'delivered' AND NOT is_test
),
tries AS (
  SELECT
    t.attempted_at,
    t.attempted_at < CAST($since AS TIMESTAMP) AS is_before,
    t.attempted_at >= CAST($until AS TIMESTAMP) AS is_after,
    COALESCE(d.outcome IN ('missed', 'unprocessed'), FALSE) AS in_vain,
    t.status = 'success' AND NOT in_vain AS good,
    (t.status = 'failed' OR t.status = 'success' AND in_vain)
      AND NOT is_before AND NOT is_after AS failed_in,
    is_after AND h.event_uuid IS NOT NULL AS is_resend
  FROM tried(NULL, NULL, $endpoint, NULL) AS t
  LEFT JOIN deliveries AS d
    ON d.event_uuid = t.event_uuid AND COALESCE(d.endpoint_url, '') = t.endpoint_url
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
FROM tries
