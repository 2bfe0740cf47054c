/* listed_deliveries: the deliveries of some outcomes, in order of time; tests left out.
   grain:  one delivery
   inputs: judged; $outcomes; $by_outcome: is each outcome listed by itself?; $most: how many */
SELECT
  event_uuid, event_type, endpoint_url, happened_at, outcome, detail, first_attempt_at, attempts,
  last_status, last_http_status, last_error_kind, first_receipt_at, accepted_count,
  processed_count, COUNT(*) OVER () AS total
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome IN (SELECT UNNEST($outcomes)) AND NOT is_test
ORDER BY CASE WHEN $by_outcome THEN outcome END, happened_at NULLS LAST, event_uuid, endpoint_url
LIMIT $most
