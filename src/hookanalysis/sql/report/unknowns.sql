/* unknowns: what could not be known, by the code of the reason.
   grain:  one reason code, with its most frequent wording; tests left out
   inputs: judged */
WITH wordings AS (
  SELECT
    reason,
    SPLIT_PART(reason, ' ', 1) AS code,
    COUNT(*) AS deliveries,
    MIN(happened_at) AS first_at,
    MAX(happened_at) AS last_at
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome = 'undetermined'
    AND NOT is_test
  GROUP BY reason
),
ranked_wordings AS (
  SELECT
    reason, code, deliveries, first_at, last_at,
    ROW_NUMBER() OVER (
      PARTITION BY code ORDER BY deliveries DESC NULLS LAST, reason NULLS LAST
    ) AS place
  FROM wordings
)
SELECT
  code,
  CAST(SUM(deliveries) AS BIGINT) AS deliveries,
  MAX(CASE WHEN place = 1 THEN reason END) AS reason,
  MIN(first_at) AS first_at,
  MAX(last_at) AS last_at
FROM ranked_wordings
GROUP BY code
ORDER BY deliveries DESC, code
