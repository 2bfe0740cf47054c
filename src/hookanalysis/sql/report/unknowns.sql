/* unknowns: what could not be known, by the code of the reason.
   grain:  one reason code, with its most frequent wording; tests left out
   inputs: judged */
WITH wordings AS (
  SELECT
    reason, COUNT(*) AS deliveries, MIN(happened_at) AS first_at, MAX(happened_at) AS last_at
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome = 'undetermined' AND NOT is_test
  GROUP BY reason
)
SELECT
  SPLIT_PART(reason, ' ', 1) AS code,
  FIRST(reason ORDER BY deliveries DESC, reason) AS reason,
  CAST(SUM(deliveries) AS BIGINT) AS deliveries,
  MIN(first_at) AS first_at,
  MAX(last_at) AS last_at
FROM wordings
GROUP BY code
ORDER BY 3 DESC, code
