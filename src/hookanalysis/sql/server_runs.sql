/* server_runs: runs of failures of a whole host, not just of one of its endpoints.
   grain:  one run
   inputs: run_failures, first_tries

   Within it at least half of the tries failed at two endpoints or more, some of them in the same
   way, and at none of the host's endpoints did three tries in a row succeed. */
WITH spans AS (
  SELECT series, first_nth, MIN(moment) AS starts_at, MAX(moment) AS ends_at
  FROM run_failures
  WHERE scope = 'server'
  GROUP BY series, first_nth
),
common_kinds AS (
  SELECT DISTINCT series, first_nth
  FROM run_failures
  WHERE scope = 'server'
  GROUP BY series, first_nth, kind
  HAVING MIN(endpoint_url) <> MAX(endpoint_url)
),
moments AS (
  SELECT
    host AS series, moment, event_uuid, endpoint_url, failed, CAST(NULL AS BIGINT) AS first_nth,
    CAST(NULL AS TIMESTAMP) AS ends_at
  FROM first_tries
  WHERE on_host > 1
  UNION ALL
  SELECT series, starts_at AS moment, NULL, NULL, NULL, first_nth, ends_at
  FROM spans
),
marked_tries AS (
  SELECT
    series, moment, event_uuid, endpoint_url, failed,
    MAX(first_nth) OVER so_far AS first_nth,
    MAX(ends_at) OVER so_far AS ends_at
  FROM moments
  WINDOW so_far AS (
    PARTITION BY series
    ORDER BY moment NULLS LAST, ends_at NULLS LAST, event_uuid NULLS LAST, endpoint_url NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),
counted_tries AS (
  SELECT
    series, first_nth, endpoint_url, failed,
    SUM(CASE WHEN failed THEN 1 ELSE 0 END) OVER (
      PARTITION BY series, first_nth, endpoint_url
      ORDER BY moment NULLS LAST, event_uuid NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS failures_before
  FROM marked_tries
  WHERE event_uuid IS NOT NULL AND moment <= ends_at
),
streaks AS (
  SELECT
    series, first_nth, endpoint_url, COUNT(*) AS tries,
    SUM(CASE WHEN failed THEN 1 ELSE 0 END) AS failed
  FROM counted_tries
  GROUP BY series, first_nth, endpoint_url, failures_before
),
shares AS (
  SELECT
    series, first_nth, endpoint_url, SUM(failed) >= 0.5 * SUM(tries) AS mostly_failed,
    MAX(tries - failed) AS longest_success
  FROM streaks
  GROUP BY series, first_nth, endpoint_url
)
SELECT s.series, s.first_nth, s.starts_at, s.ends_at
FROM spans AS s
JOIN common_kinds AS k ON k.series = s.series AND k.first_nth = s.first_nth
JOIN shares AS h ON h.series = s.series AND h.first_nth = s.first_nth
GROUP BY s.series, s.first_nth, s.starts_at, s.ends_at
HAVING SUM(CASE WHEN h.mostly_failed THEN 1 ELSE 0 END) >= 2 AND MAX(h.longest_success) < 3
