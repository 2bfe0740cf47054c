/* outcomes: deliveries by verdict, each with its finer codes; tests apart.
   grain:  one outcome
   inputs: judged */
SELECT
  outcome,
  COUNT(*) FILTER (NOT is_test) AS deliveries,
  deliveries / NULLIF(SUM(COUNT(*) FILTER (NOT is_test)) OVER (), 0) AS share,
  COUNT(*) FILTER (is_test) AS tests,
  COALESCE(HISTOGRAM(detail) FILTER (NOT is_test), MAP {}) AS details
FROM judged($since, $until, $endpoint, $event_type)
GROUP BY outcome
