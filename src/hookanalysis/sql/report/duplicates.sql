/* duplicates: deliveries that came more than once, and whether it did harm; tests left out.
   grain:  one detail
   inputs: judged */
SELECT
  detail,
  COUNT(*) AS deliveries,
  COUNT(*) FILTER (WHERE processed_count >= 2) AS harmful,
  COUNT(*) FILTER (WHERE processed_count < 2) AS harmless,
  COUNT(*) FILTER (WHERE processed_count IS NULL) AS unknown,
  CAST(SUM(GREATEST(COALESCE(accepted_count, 0) - 1, 0)) AS BIGINT) AS extra_accepted,
  CAST(SUM(GREATEST(COALESCE(processed_count, 0) - 1, 0)) AS BIGINT) AS extra_processed
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test
  AND (outcome = 'duplicated' OR (detail = 'conflict' AND processed_count >= 2))
GROUP BY detail
ORDER BY detail
