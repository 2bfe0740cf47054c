/* good_tries: first tries that went well, beside those that failed.
   grain:  one delivery in the series of its endpoint (scope 0), and again in that of its host
           (scope 1), where the host has several endpoints; cut: its first try failed
   inputs: first_tries, deliveries, hard_attempts, endpoint_paths */
WITH tries AS (
  SELECT endpoint_url, moment, failed FROM first_tries
  UNION ALL
  SELECT endpoint_url, COALESCE(first_attempt_at, first_receipt_at), FALSE
  FROM deliveries
  ANTI JOIN hard_attempts USING (delivery_no)
  WHERE detail = 'delivered' AND NOT is_test
)
SELECT 0 AS scope_no, COALESCE(p.endpoint_no, 0) AS series_no, t.moment, t.failed AS cut
FROM tries AS t
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
WHERE t.moment IS NOT NULL
UNION ALL
SELECT 1, p.host_no, t.moment, t.failed
FROM tries AS t
JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
WHERE t.moment IS NOT NULL AND p.on_host > 1
