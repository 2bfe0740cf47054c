/* troubled_deliveries: those that were not simply delivered, in order of time; tests left out.
   grain:  one delivery
   inputs: judged (facts/judged.sql), deliveries; $most: how many */
SELECT
  j.event_uuid,
  j.event_type,
  j.endpoint_url,
  j.happened_at,
  j.outcome,
  j.detail,
  j.reason,
  d.first_attempt_at,
  j.attempts,
  d.last_status,
  d.last_http_status,
  d.last_error_kind,
  d.first_receipt_at,
  COUNT(*) OVER () AS total
FROM judged AS j
INNER JOIN deliveries AS d
  ON d.event_uuid = j.event_uuid AND COALESCE(d.endpoint_url, '') = j.endpoint_url
WHERE j.outcome <> 'delivered' AND NOT j.is_test
ORDER BY j.happened_at NULLS LAST, j.event_uuid, j.endpoint_url
LIMIT $most
