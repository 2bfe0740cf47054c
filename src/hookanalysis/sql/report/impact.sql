/* impact: the deliveries of the period that were not simply delivered; tests left out.
   grain:  one event type and outcome
   inputs: judged */
SELECT
  event_type,
  outcome,
  COUNT(*) AS deliveries,
  CASE WHEN BOOL_OR(COUNT(DISTINCT event_uuid) < COUNT(*)) OVER ()
    THEN COUNT(DISTINCT event_uuid) END AS events,
  NULLIF(COUNT(DISTINCT transaction_id), 0) AS transactions
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome <> 'delivered' AND NOT is_test
GROUP BY event_type, outcome
ORDER BY event_type NULLS LAST, deliveries DESC, outcome
