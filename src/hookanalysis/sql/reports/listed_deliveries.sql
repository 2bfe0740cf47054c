/* listed_deliveries: the deliveries of some outcomes, in order of time; tests left out.
   grain:  one delivery
   inputs: judged (facts/judged.sql), deliveries; $outcomes; $most: how many */
SELECT
  j.event_uuid,
  d.event_type,
  j.endpoint_url,
  j.happened_at,
  j.outcome,
  j.detail,
  j.reason,
  j.attempts,
  d.last_status,
  d.last_http_status,
  d.last_error_kind,
  d.first_receipt_at,
  d.accepted_count,
  d.processed_count,
  COUNT(*) OVER () AS total
FROM judged AS j
INNER JOIN deliveries AS d
  ON d.event_uuid = j.event_uuid AND COALESCE(d.endpoint_url, '') = j.endpoint_url
WHERE j.outcome IN (SELECT UNNEST($outcomes)) AND NOT j.is_test
ORDER BY j.outcome, j.happened_at NULLS LAST, j.event_uuid, j.endpoint_url
LIMIT $most
