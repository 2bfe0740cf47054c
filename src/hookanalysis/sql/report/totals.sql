/* totals: how much there is: all deliveries, those that are judged, and the advice on resends.
   grain:  one row
   inputs: judged, attempt_records, resends */
SELECT
  MIN(happened_at) AS first_at,
  MAX(happened_at) AS last_at,
  (SELECT MAX(attempted_at) FROM attempt_records) AS horizon,
  COUNT(DISTINCT event_uuid) AS events,
  COUNT(*) AS deliveries,
  COUNT(*) FILTER (is_test) AS tests,
  CAST(COALESCE(SUM(attempts), 0) AS BIGINT) AS attempts,
  CAST(COALESCE(SUM(receipts), 0) AS BIGINT) AS receipts,
  COUNT(DISTINCT NULLIF(endpoint_url, '')) AS endpoints,
  COUNT(*) FILTER (counted) AS judged,
  COUNT(*) FILTER (arrived) AS delivered,
  COUNT(*) FILTER (counted AND outcome = 'missed') AS missed,
  COUNT(*) FILTER (counted AND outcome IN ('missed', 'undetermined')) AS possibly_missed,
  COUNT(*) FILTER (unlisted AND NOT is_test) AS unlisted,
  delivered / NULLIF(judged, 0) AS delivered_share,
  missed / NULLIF(judged, 0) AS missed_share,
  possibly_missed / NULLIF(judged, 0) AS possibly_missed_share,
  COUNT(DISTINCT event_uuid) FILTER (outcome <> 'delivered' AND NOT is_test) AS troubled_events,
  COUNT(DISTINCT transaction_id) FILTER (outcome <> 'delivered' AND NOT is_test)
    AS troubled_transactions,
  COALESCE(HISTOGRAM(r.advice) FILTER (r.advice IS NOT NULL), MAP {}) AS advice
FROM judged($since, $until, $endpoint, $event_type)
LEFT JOIN (SELECT event_uuid, endpoint_url, advice FROM resends) AS r
  USING (event_uuid, endpoint_url)
