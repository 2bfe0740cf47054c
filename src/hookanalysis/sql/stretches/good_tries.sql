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
SELECT
  s.scope_no, COALESCE(CASE s.scope_no WHEN 0 THEN p.endpoint_no ELSE p.host_no END, 0) AS series_no,
  t.moment, t.failed AS cut
FROM tries AS t
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
CROSS JOIN (VALUES (0), (1)) AS s (scope_no)
WHERE t.moment IS NOT NULL AND (s.scope_no = 0 OR p.on_host > 1)
