/* touched: how much the failures of the period touched; tests left out.
   grain:  one row
   inputs: judged */
SELECT
  COUNT(*) AS deliveries,
  COUNT(DISTINCT event_uuid) AS events,
  COUNT(DISTINCT transaction_id) AS transactions
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome <> 'delivered' AND NOT is_test
