/* server_runs: runs of failures of a whole host, not just of one of its endpoints.
   grain:  one run
   inputs: run_failures, first_tries, deliveries, hard_attempts, endpoint_paths

   Within it at least half of the tries failed at two endpoints or more, four in five of them in the
   same way (an error of the server and no answer are one), and at none of the host's endpoints did
   three tries in a row succeed. */
WITH spans AS (
  SELECT series, first_nth, MIN(moment) AS starts_at, MAX(moment) AS ends_at
  FROM run_failures WHERE scope = 'server'
  GROUP BY ALL
),
common_kinds AS (
  SELECT series, first_nth
  FROM run_failures WHERE scope = 'server'
  GROUP BY series, first_nth, CASE WHEN kind IN ('5xx', 'no_answer') THEN 'down' ELSE kind END
  QUALIFY MIN(endpoint_url) <> MAX(endpoint_url)
    AND COUNT(*) >= 0.8 * SUM(COUNT(*)) OVER (PARTITION BY series, first_nth)
),
tries AS (
  SELECT host, endpoint_url, event_uuid, moment, failed FROM first_tries WHERE on_host > 1
  UNION ALL
  SELECT p.host, d.endpoint_url, d.event_uuid, d.first_attempt_at, FALSE
  FROM deliveries AS d JOIN endpoint_paths AS p ON p.endpoint_url = d.endpoint_url
  ANTI JOIN hard_attempts AS h ON h.delivery_no = d.delivery_no
  WHERE d.detail = 'delivered' AND NOT d.is_test AND p.host IN (SELECT series FROM spans)
),
counted_tries AS (
  SELECT
    s.series, s.first_nth, t.endpoint_url, t.failed,
    SUM(CASE WHEN t.failed THEN 1 ELSE 0 END) OVER (
      PARTITION BY s.series, s.first_nth, t.endpoint_url ORDER BY t.moment, t.event_uuid
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS failures_before
  FROM tries AS t
  ASOF JOIN spans AS s ON s.series = t.host AND t.moment >= s.starts_at
  WHERE t.moment <= s.ends_at
),
streaks AS (
  SELECT series, first_nth, endpoint_url, COUNT(*) AS tries, COUNT(*) FILTER (failed) AS failed
  FROM counted_tries GROUP BY series, first_nth, endpoint_url, failures_before
),
shares AS (
  SELECT
    series, first_nth, endpoint_url, SUM(failed) >= 0.5 * SUM(tries) AS mostly_failed,
    MAX(tries - failed) AS longest_success
  FROM streaks GROUP BY ALL
)
SELECT series, first_nth, starts_at, ends_at
FROM spans
SEMI JOIN common_kinds USING (series, first_nth)
JOIN shares USING (series, first_nth)
GROUP BY ALL
HAVING COUNT(*) FILTER (mostly_failed) >= 2 AND MAX(longest_success) < 3
