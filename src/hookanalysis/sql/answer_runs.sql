/* answer_runs: answers in a row that the receiver's logs all show, or all lack.
   grain:  one run of one endpoint and kind of answer, where some are lacking
   inputs: answers, shown_answers, endpoint_paths

   shown_before: answers of the same kind that the logs show, before this run. */
WITH placed_answers AS (
  SELECT endpoint_no, kind_no, TRUE AS silent, moment, moment AS until_at, attempt_key, 1 AS answers
  FROM answers WHERE silent
  UNION ALL BY NAME
  SELECT
    endpoint_no, kind_no, FALSE AS silent, first_at AS moment, last_at AS until_at,
    tries AS answers
  FROM shown_answers
),
counted_answers AS (
  SELECT
    *,
    SUM(CASE WHEN silent THEN 0 ELSE answers END) OVER so_far AS shown,
    SUM(CASE WHEN silent THEN answers ELSE 0 END) OVER so_far AS lacking
  FROM placed_answers
  WINDOW so_far AS (
    PARTITION BY endpoint_no, kind_no ORDER BY moment, silent, attempt_key
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  COALESCE(MIN(p.endpoint_url), '') AS endpoint_url,
  CASE kind_no WHEN 0 THEN 'behind_edge' WHEN 6 THEN 'worked_off' WHEN 1 THEN 'listed' WHEN 2 THEN 'success' ELSE kind_no || 'xx' END AS kind,
  silent, MIN(moment) AS starts_at, MAX(until_at) AS ends_at,
  CAST(SUM(answers) AS BIGINT) AS answers,
  ROW_NUMBER() OVER (PARTITION BY endpoint_no, kind_no ORDER BY MIN(shown + lacking)) AS run,
  CAST(MIN(shown - CASE WHEN silent THEN 0 ELSE answers END) AS BIGINT) AS shown_before
FROM counted_answers
LEFT JOIN endpoint_paths AS p USING (endpoint_no)
GROUP BY endpoint_no, kind_no, silent, CASE WHEN silent THEN shown ELSE lacking END
