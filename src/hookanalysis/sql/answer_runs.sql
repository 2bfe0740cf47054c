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
  WHERE attempted_at IS NOT NULL AND (status = 'success' OR http_status IS NOT NULL)
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
-- Only these kinds of answers are looked at, for only of these some are lacking.
kinds AS (
  SELECT DISTINCT endpoint_url, kind FROM silent_answers
),
placed_answers AS (
  FROM silent_answers
  UNION ALL
  FROM answers
  SEMI JOIN kinds USING (endpoint_url, kind)
  WHERE NOT silent
  UNION ALL
  SELECT endpoint_url, attempt_key, attempted_at, 'success', FALSE
  FROM attempts
  ANTI JOIN hard_attempts USING (delivery_no)
  ANTI JOIN undecided_deliveries USING (delivery_no)
  WHERE attempted_at IS NOT NULL
    AND endpoint_url IN (SELECT endpoint_url FROM kinds WHERE kind = 'success')
),
counted_answers AS (
  SELECT
    endpoint_url, kind, attempted_at, silent,
    SUM(CASE WHEN silent THEN 0 ELSE 1 END) OVER so_far AS shown,
    SUM(CASE WHEN silent THEN 1 ELSE 0 END) OVER so_far AS lacking
  FROM placed_answers
  WINDOW so_far AS (
    PARTITION BY endpoint_url, kind ORDER BY attempted_at, attempt_key
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  endpoint_url, kind, silent,
  MIN(attempted_at) AS starts_at,
  MAX(attempted_at) AS ends_at,
  COUNT(*) AS answers,
  ROW_NUMBER() OVER (PARTITION BY endpoint_url, kind ORDER BY MIN(shown + lacking)) AS run,
  CAST(MIN(shown) - CASE WHEN silent THEN 0 ELSE 1 END AS BIGINT) AS shown_before
FROM counted_answers
GROUP BY endpoint_url, kind, silent, CASE WHEN silent THEN shown ELSE lacking END
