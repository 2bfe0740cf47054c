/* impact: the deliveries of the period that were not simply delivered; tests left out.
   grain:  one event type and outcome
   inputs: judged (facts/judged.sql), deliveries */
SELECT
  j.event_type,
  j.outcome,
  COUNT(*) AS deliveries,
  COUNT(DISTINCT j.event_uuid) AS events,
  NULLIF(COUNT(DISTINCT d.transaction_id), 0) AS transactions
FROM judged AS j
INNER JOIN deliveries AS d
  ON d.event_uuid = j.event_uuid AND COALESCE(d.endpoint_url, '') = j.endpoint_url
WHERE j.outcome <> 'delivered' AND NOT j.is_test
GROUP BY j.event_type, j.outcome
ORDER BY j.event_type NULLS LAST, deliveries DESC, j.outcome
