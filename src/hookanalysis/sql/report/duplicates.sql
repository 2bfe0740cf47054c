/* duplicates: deliveries that came more than once, and whether it did harm; tests left out.
   grain:  one row
   inputs: judged */
SELECT
  COUNT(*) AS deliveries,
  COUNT(*) FILTER (processed_count >= 2) AS harmful,
  COUNT(*) FILTER (processed_count < 2) AS harmless,
  COUNT(*) FILTER (processed_count IS NULL) AS unknown,
  CAST(COALESCE(SUM(GREATEST(accepted_count - 1, 0)), 0) AS BIGINT) AS extra_accepted,
  CAST(COALESCE(SUM(GREATEST(processed_count - 1, 0)), 0) AS BIGINT) AS extra_processed,
  COALESCE(HISTOGRAM(detail), MAP {}) AS details
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test
  AND (outcome = 'duplicated' OR (detail = 'conflict' AND processed_count >= 2))
