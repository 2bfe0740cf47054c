/* touched: how much the failures of the period touched; tests left out.
   grain:  one row
   inputs: judged (facts/judged.sql), deliveries */
SELECT
  COUNT(*) AS deliveries,
  COUNT(DISTINCT j.event_uuid) AS events,
  COUNT(DISTINCT d.transaction_id) AS transactions
FROM judged AS j
INNER JOIN deliveries AS d
  ON d.event_uuid = j.event_uuid AND COALESCE(d.endpoint_url, '') = j.endpoint_url
WHERE j.outcome <> 'delivered' AND NOT j.is_test
