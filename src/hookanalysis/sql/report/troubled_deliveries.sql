/* troubled_deliveries: those that were not simply delivered, in order of time; tests left out.
   grain:  one delivery
   inputs: judged; $most: how many */
SELECT
  event_uuid, event_type, endpoint_url, happened_at, outcome, detail, reason, first_attempt_at,
  attempts, last_status, last_http_status, last_error_kind, first_receipt_at,
  COUNT(*) OVER () AS total
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome <> 'delivered' AND NOT is_test
ORDER BY happened_at NULLS LAST, event_uuid, endpoint_url
LIMIT $most
