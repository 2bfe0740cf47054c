/* answer_times: how long answers took, by the sender's and by the receiver's log; tests left out.
   grain:  one endpoint and side
   inputs: attempts, matches, receipts; $most: how many */
WITH sides AS (
  SELECT
    COALESCE(endpoint_url, '') AS endpoint_url, 'sender' AS side, latency_ms, attempted_at AS at_
  FROM attempts
  WHERE latency_ms IS NOT NULL AND NOT COALESCE(is_test, FALSE)
  UNION ALL
  SELECT COALESCE(m.endpoint_url, ''), m.layer, r.duration_ms, m.arrived_at
  FROM matches AS m
  INNER JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE r.duration_ms IS NOT NULL
)
SELECT
  endpoint_url,
  side,
  COUNT(*) AS answers,
  QUANTILE_CONT(latency_ms, 0.50) AS p50_ms,
  QUANTILE_CONT(latency_ms, 0.95) AS p95_ms,
  QUANTILE_CONT(latency_ms, 0.99) AS p99_ms,
  MAX(latency_ms) AS most_ms,
  COUNT(*) OVER () AS total
FROM sides
WHERE in_period(at_, $since, $until) AND at_endpoint(endpoint_url, $endpoint)
GROUP BY endpoint_url, side
ORDER BY p95_ms DESC, endpoint_url, side
LIMIT $most
