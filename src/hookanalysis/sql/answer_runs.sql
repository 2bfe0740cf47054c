/* answer_runs: answered attempts in a row that the receiver's logs all show, or all lack.
   grain:  one run of one endpoint and kind of answer, where some are lacking
   inputs: attempts, hard_attempts, matches, undecided_deliveries, stream_spans

   kind: success, 3xx, 4xx or 5xx; answers of one kind are logged alike. behind_edge: requests that
   the edge accepted, and that the logs behind it show or lack.
   What no log covers belongs to no run, nor does an attempt that may own a line: also a failed
   one without a line of its own, of an event that arrived at another try.
   shown_before: answers of the same kind that the logs show, before this run. */
WITH answers AS (
  SELECT
    endpoint_url, attempt_key, attempted_at,
    CASE
      WHEN status = 'success' OR http_status BETWEEN 200 AND 299 THEN 'success'
      ELSE LEFT(CAST(http_status AS VARCHAR), 1) || 'xx'
    END AS kind,
    NOT shown AND NOT told AS silent
  FROM hard_attempts
  ANTI JOIN undecided_deliveries USING (delivery_no)
  WHERE attempted_at IS NOT NULL AND attempted_until IS NULL
    AND (status = 'success' OR http_status IS NOT NULL)
    AND (status = 'success' OR shown OR NOT told OR lined)
  UNION ALL
  SELECT
    endpoint_url, event_uuid, arrived_at, 'behind_edge',
    delivery_no NOT IN (SELECT delivery_no FROM matches WHERE layer <> 'edge')
  FROM matches
  WHERE layer = 'edge' AND accepted AND arrived_at IS NOT NULL
),
silent_answers AS (
  SELECT *
  FROM answers AS a
  WHERE silent
    AND EXISTS (
      SELECT 1 FROM stream_spans AS c
      WHERE c.covered AND (c.layer <> 'edge' OR a.kind <> 'behind_edge')
        AND a.attempted_at BETWEEN c.starts_at AND c.ends_at
    )
),
-- Only of these kinds some are lacking.
kinds AS (
  SELECT DISTINCT endpoint_url, kind FROM silent_answers
),
shown_answers AS (
  SELECT endpoint_url, kind, attempted_at
  FROM answers
  SEMI JOIN kinds USING (endpoint_url, kind)
  WHERE NOT silent
  UNION ALL
  SELECT endpoint_url, 'success', attempted_at
  FROM attempts
  ANTI JOIN hard_attempts USING (delivery_no)
  ANTI JOIN undecided_deliveries USING (delivery_no)
  WHERE attempted_at IS NOT NULL
    AND endpoint_url IN (SELECT endpoint_url FROM kinds WHERE kind = 'success')
),
-- A minute in which none is lacking counts as a whole, which spares sorting all that is well.
placed_answers AS (
  SELECT
    endpoint_url, kind, TRUE AS silent, attempted_at, attempted_at AS until_at, attempt_key,
    1 AS answers
  FROM silent_answers
  UNION ALL BY NAME
  SELECT
    endpoint_url, kind, FALSE AS silent, MIN(attempted_at) AS attempted_at,
    MAX(attempted_at) AS until_at, COUNT(*) AS answers
  FROM shown_answers
  GROUP BY endpoint_url, kind, CASE
    WHEN (endpoint_url, kind, DATE_TRUNC('minute', attempted_at)) IN (
      SELECT DISTINCT (endpoint_url, kind, DATE_TRUNC('minute', attempted_at)) FROM silent_answers
    ) THEN attempted_at
    ELSE DATE_TRUNC('minute', attempted_at)
  END
),
counted_answers AS (
  SELECT
    *,
    SUM(CASE WHEN silent THEN 0 ELSE answers END) OVER so_far AS shown,
    SUM(CASE WHEN silent THEN answers ELSE 0 END) OVER so_far AS lacking
  FROM placed_answers
  WINDOW so_far AS (
    PARTITION BY endpoint_url, kind ORDER BY attempted_at, silent, attempt_key
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  endpoint_url, kind, silent, MIN(attempted_at) AS starts_at, MAX(until_at) AS ends_at,
  CAST(SUM(answers) AS BIGINT) AS answers,
  ROW_NUMBER() OVER (PARTITION BY endpoint_url, kind ORDER BY MIN(shown + lacking)) AS run,
  CAST(MIN(shown - CASE WHEN silent THEN 0 ELSE answers END) AS BIGINT) AS shown_before
FROM counted_answers
GROUP BY endpoint_url, kind, silent, CASE WHEN silent THEN shown ELSE lacking END
