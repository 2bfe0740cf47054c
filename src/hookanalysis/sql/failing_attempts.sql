/* failing_attempts: each failed attempt, and how long the endpoint had been failing in a row.
   grain:  one failed attempt; tests left out
   inputs: attempts, successes, endpoint_paths

   A run lasts from one success of the endpoint to the next; accepted_before and accepted_after are
   these two, NULL where there is none.
   type_chance: whether the answer falls on this type of events more than chance would have it: an
   upper bound (Chernoff's) of the probability that so many of the endpoint's failures with this
   answer are of the type, when `share` of its attempts are. type_rate: the part of the type's
   attempts that failed so. */
WITH failed AS (
  SELECT *, COALESCE(event_type, '') AS type FROM attempts WHERE status = 'failed' AND NOT is_test
),
-- The first and the last of a stretch are all that a failure can stand beside.
successes_beside AS (
  SELECT COALESCE(p.endpoint_url, '') AS endpoint_url, UNNEST([s.first_at, s.last_at]) AS success_at
  FROM successes AS s
  LEFT JOIN endpoint_paths AS p ON p.endpoint_no = s.endpoint_no
),
placed AS (
  SELECT f.*, b.success_at AS accepted_before, a.success_at AS accepted_after
  FROM failed AS f
  ASOF LEFT JOIN successes_beside AS b
    ON b.endpoint_url = f.endpoint_url AND b.success_at <= f.attempted_at
  ASOF LEFT JOIN successes_beside AS a
    ON a.endpoint_url = f.endpoint_url AND a.success_at > f.attempted_at
),
shares AS (
  SELECT
    endpoint_url, COALESCE(event_type, '') AS type, COUNT(*) AS attempts,
    COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY endpoint_url) AS share
  FROM attempts
  WHERE status IN ('success', 'failed') AND NOT is_test
    AND endpoint_url IN (SELECT DISTINCT endpoint_url FROM failed)
  GROUP BY endpoint_url, type
),
rates AS (
  SELECT
    f.endpoint_url, f.http_status, f.type, COUNT(*) AS failures,
    SUM(COUNT(*)) OVER (PARTITION BY f.endpoint_url, f.http_status) AS total, s.share, s.attempts
  FROM failed AS f JOIN shares AS s ON s.endpoint_url = f.endpoint_url AND s.type = f.type
  WHERE f.http_status IS NOT NULL
  GROUP BY f.endpoint_url, f.http_status, f.type, s.share, s.attempts
)
SELECT
  p.delivery_no, p.attempt_key, p.accepted_before, p.accepted_after,
  COUNT(*) OVER (PARTITION BY p.endpoint_url, p.accepted_before, p.accepted_after) AS run_size,
  CASE
    WHEN r.failures <= r.total * r.share THEN 1.0
    WHEN r.failures = r.total THEN POWER(r.share, r.failures)
    ELSE EXP(
      -r.failures * LN(r.failures / (r.total * r.share))
      - (r.total - r.failures) * LN((r.total - r.failures) / (r.total * (1 - r.share)))
    )
  END AS type_chance,
  r.failures / r.attempts AS type_rate
FROM placed AS p
LEFT JOIN rates AS r
  ON r.endpoint_url = p.endpoint_url AND r.http_status = p.http_status AND r.type = p.type
