/* answer_runs: answered attempts in a row that the receiver's logs all show, or all lack.
   grain:  one run of one endpoint and kind of answer, where some are lacking
   inputs: attempts, matches, undecided_deliveries, stream_spans

   kind: 2 for success, else the first digit of the answer; those that reach the receiver are
   logged alike. 0: requests that the edge accepted, and that the logs behind it show or lack.
   What no log covers belongs to no run, nor does an attempt that may own a line: also a failed
   one without a line of its own, of an event that arrived at another try.
   shown_before: answers of the same kind that the logs show, before this run. */
WITH answers AS (
  SELECT
    a.endpoint_url, a.attempt_key, a.attempted_at,
    CASE WHEN a.status = 'success' THEN 2 ELSE CAST(FLOOR(a.http_status / 100) AS INTEGER) END
      AS kind,
    NOT EXISTS (
      SELECT 1 FROM matches AS m
      WHERE m.event_uuid = a.event_uuid AND m.endpoint_url = a.endpoint_url
    ) AS silent
  FROM attempts AS a
  WHERE a.attempted_at IS NOT NULL AND (a.status = 'success' OR a.http_status IS NOT NULL)
    AND NOT EXISTS (
      SELECT 1 FROM undecided_deliveries AS u
      WHERE u.event_uuid = a.event_uuid AND u.endpoint_url = a.endpoint_url
    )
    AND (a.status = 'success'
      OR EXISTS (SELECT 1 FROM matches AS m WHERE m.attempt_key = a.attempt_key)
      OR NOT EXISTS (
        SELECT 1 FROM matches AS m
        WHERE m.event_uuid = a.event_uuid AND m.endpoint_url = a.endpoint_url))
  UNION ALL
  SELECT
    e.endpoint_url, e.event_uuid AS attempt_key, e.arrived_at AS attempted_at, 0 AS kind,
    NOT EXISTS (
      SELECT 1 FROM matches AS m
      WHERE m.event_uuid = e.event_uuid AND m.endpoint_url = e.endpoint_url AND m.layer <> 'edge'
    ) AS silent
  FROM matches AS e
  WHERE e.layer = 'edge' AND e.accepted AND e.arrived_at IS NOT NULL
),
suspects AS (
  SELECT DISTINCT endpoint_url, kind FROM answers WHERE silent
),
placed_answers AS (
  SELECT
    a.endpoint_url, a.kind, a.attempt_key, a.attempted_at, a.silent,
    LAG(a.silent) OVER (
      PARTITION BY a.endpoint_url, a.kind
      ORDER BY a.attempted_at NULLS LAST, a.attempt_key NULLS LAST
    ) AS earlier_silent
  FROM answers AS a
  JOIN suspects AS s ON s.endpoint_url = a.endpoint_url AND s.kind = a.kind
  WHERE NOT a.silent
    OR EXISTS (
      SELECT 1 FROM stream_spans AS c
      WHERE c.covered AND (c.layer <> 'edge' OR a.kind <> 0)
        AND a.attempted_at BETWEEN c.starts_at AND c.ends_at
    )
),
numbered_answers AS (
  SELECT
    endpoint_url, kind, attempt_key, attempted_at, silent,
    SUM(CASE WHEN silent = earlier_silent THEN 0 ELSE 1 END) OVER (
      PARTITION BY endpoint_url, kind
      ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS run
  FROM placed_answers
),
runs AS (
  SELECT
    endpoint_url, kind, run, silent, MIN(attempted_at) AS starts_at, MAX(attempted_at) AS ends_at,
    COUNT(*) AS answers
  FROM numbered_answers
  GROUP BY endpoint_url, kind, run, silent
)
SELECT
  endpoint_url,
  kind,
  CAST(run AS BIGINT) AS run,
  silent,
  starts_at,
  ends_at,
  answers,
  CAST(COALESCE(SUM(CASE WHEN NOT silent THEN answers END) OVER (
    PARTITION BY endpoint_url, kind ORDER BY run NULLS LAST, starts_at NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS BIGINT) AS shown_before
FROM runs
