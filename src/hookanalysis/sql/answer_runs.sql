/* answer_runs: answered attempts in a row that the receiver's logs all show, or all lack.
   grain:  one run of one endpoint and kind of answer, where some are lacking
   inputs: attempts, unshown_attempts, matches, undecided_deliveries, stream_spans

   kind: success, 3xx, 4xx or 5xx; answers of one kind are logged alike. behind_edge: requests that
   the edge accepted, and that the logs behind it show or lack.
   What no log covers belongs to no run, nor does an attempt that may own a line: also a failed
   one without a line of its own, of an event that arrived at another try.
   shown_before: answers of the same kind that the logs show, before this run. */
WITH uncounted_lines AS (
  SELECT DISTINCT attempt_key FROM matches WHERE NOT counts
),
inner_arrivals AS (
  SELECT DISTINCT event_uuid, endpoint_url FROM matches WHERE layer <> 'edge'
),
answers AS (
  SELECT
    a.endpoint_url, a.attempt_key, a.attempted_at,
    CASE
      WHEN a.status = 'success' OR a.http_status BETWEEN 200 AND 299 THEN 'success'
      ELSE SUBSTRING(CAST(a.http_status AS VARCHAR), 1, 1) || 'xx'
    END AS kind,
    COALESCE(u.alone, FALSE) AS silent
  FROM attempts AS a
  LEFT JOIN unshown_attempts AS u
    ON u.event_uuid = a.event_uuid AND u.attempt_key = a.attempt_key
  LEFT JOIN uncounted_lines AS l ON l.attempt_key = a.attempt_key
  LEFT JOIN undecided_deliveries AS d
    ON d.event_uuid = a.event_uuid AND d.endpoint_url = a.endpoint_url
  WHERE a.attempted_at IS NOT NULL AND (a.status = 'success' OR a.http_status IS NOT NULL)
    AND (a.status = 'success' OR COALESCE(u.alone, TRUE) OR l.attempt_key IS NOT NULL)
    AND d.event_uuid IS NULL
  UNION ALL
  SELECT
    e.endpoint_url, e.event_uuid AS attempt_key, e.arrived_at AS attempted_at,
    'behind_edge' AS kind, i.event_uuid IS NULL AS silent
  FROM matches AS e
  LEFT JOIN inner_arrivals AS i
    ON i.event_uuid = e.event_uuid AND i.endpoint_url = e.endpoint_url
  WHERE e.layer = 'edge' AND e.accepted AND e.arrived_at IS NOT NULL
),
silent_answers AS (
  SELECT a.endpoint_url, a.kind, a.attempt_key, a.attempted_at, a.silent
  FROM answers AS a
  WHERE a.silent
    AND EXISTS (
      SELECT 1 FROM stream_spans AS c
      WHERE c.covered AND (c.layer <> 'edge' OR a.kind <> 'behind_edge')
        AND a.attempted_at BETWEEN c.starts_at AND c.ends_at
    )
),
placed_answers AS (
  SELECT endpoint_url, kind, attempt_key, attempted_at, silent FROM silent_answers
  UNION ALL
  SELECT a.endpoint_url, a.kind, a.attempt_key, a.attempted_at, a.silent
  FROM answers AS a
  JOIN (SELECT DISTINCT endpoint_url, kind FROM silent_answers) AS s
    ON s.endpoint_url = a.endpoint_url AND s.kind = a.kind
  WHERE NOT a.silent
),
counted_answers AS (
  SELECT
    endpoint_url, kind, attempted_at, silent,
    SUM(CASE WHEN silent THEN 0 ELSE 1 END) OVER so_far AS shown,
    SUM(CASE WHEN silent THEN 1 ELSE 0 END) OVER so_far AS lacking
  FROM placed_answers
  WINDOW so_far AS (
    PARTITION BY endpoint_url, kind ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),
runs AS (
  SELECT
    endpoint_url, kind, silent, MIN(attempted_at) AS starts_at, MAX(attempted_at) AS ends_at,
    COUNT(*) AS answers, MIN(shown + lacking) AS place, MIN(shown) AS shown
  FROM counted_answers
  GROUP BY endpoint_url, kind, silent, CASE WHEN silent THEN shown ELSE lacking END
)
SELECT
  endpoint_url,
  kind,
  ROW_NUMBER() OVER (PARTITION BY endpoint_url, kind ORDER BY place NULLS LAST) AS run,
  silent,
  starts_at,
  ends_at,
  answers,
  CAST(CASE WHEN silent THEN shown ELSE shown - 1 END AS BIGINT) AS shown_before
FROM runs
