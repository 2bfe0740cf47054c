/* server_runs: runs of failures of a whole host, not just of one of its endpoints.
   grain:  one run
   inputs: failure_runs, failures, first_tries

   Within it at least half of the tries failed at two endpoints or more, and at none of the host's
   endpoints did three tries in a row succeed. */
WITH spans AS (
  SELECT r.series, r.first_nth, MIN(f.moment) AS starts_at, MAX(f.moment) AS ends_at
  FROM failure_runs AS r
  JOIN failures AS f
    ON f.scope = r.scope AND f.series = r.series AND f.nth BETWEEN r.first_nth AND r.last_nth
  WHERE r.scope = 'server'
  GROUP BY r.series, r.first_nth
),
counted_tries AS (
  SELECT
    s.series, s.first_nth, t.endpoint_url, t.failed,
    SUM(CASE WHEN t.failed THEN 1 ELSE 0 END) OVER (
      PARTITION BY s.series, s.first_nth, t.endpoint_url
      ORDER BY t.moment NULLS LAST, t.event_uuid NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS failures_before
  FROM spans AS s
  JOIN first_tries AS t ON t.host = s.series AND t.moment BETWEEN s.starts_at AND s.ends_at
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
JOIN shares AS h ON h.series = s.series AND h.first_nth = s.first_nth
GROUP BY s.series, s.first_nth, s.starts_at, s.ends_at
HAVING SUM(CASE WHEN h.mostly_failed THEN 1 ELSE 0 END) >= 2 AND MAX(h.longest_success) < 3
