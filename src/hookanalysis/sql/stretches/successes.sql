/* successes: what went well at an endpoint, between its failed attempts; tests left out.
   grain:  one success; cut: a failed attempt
   inputs: attempts, deliveries, endpoint_paths

   An arrival that the receiver accepted and no export lists is a success as well: an export may
   hold failures only. */
WITH tries AS (
  SELECT endpoint_url, attempted_at AS moment, status = 'failed' AS cut
  FROM attempts
  WHERE status IN ('success', 'failed') AND NOT is_test AND attempted_at IS NOT NULL
  UNION ALL
  SELECT endpoint_url, first_receipt_at, FALSE
  FROM deliveries
  WHERE detail = 'sender_coverage' AND accepted_count > 0 AND NOT is_test
    AND first_receipt_at IS NOT NULL
)
SELECT COALESCE(p.endpoint_no, 0) AS endpoint_no, t.moment, t.cut
FROM tries AS t
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
WHERE t.endpoint_url IN (SELECT endpoint_url FROM tries WHERE cut)
