/* failing_attempts: each failed attempt, and how long the endpoint had been failing in a row.
   grain:  one failed attempt; tests left out
   inputs: attempts, deliveries

   A run lasts from one success of the endpoint to the next; accepted_before and accepted_after are
   these two, NULL where there is none. An arrival that the receiver accepted and no export lists is
   a success as well: an export may hold failures only. */
WITH finished_attempts AS (
  SELECT
    attempt_key, event_uuid, endpoint_url, attempted_at, status,
    CASE WHEN status = 'success' THEN attempted_at END AS success_at
  FROM attempts
  WHERE status IN ('success', 'failed') AND NOT is_test
    AND endpoint_url IN (SELECT endpoint_url FROM attempts WHERE status = 'failed')
  UNION ALL
  SELECT
    NULL AS attempt_key, event_uuid, endpoint_url, first_receipt_at AS attempted_at,
    'success' AS status, first_receipt_at AS success_at
  FROM deliveries
  WHERE detail = 'sender_coverage' AND accepted_count > 0 AND NOT is_test
),
placed_attempts AS (
  SELECT
    attempt_key, event_uuid, endpoint_url, status,
    MAX(success_at) OVER (
      PARTITION BY endpoint_url ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS accepted_before,
    MIN(success_at) OVER (
      PARTITION BY endpoint_url ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS accepted_after
  FROM finished_attempts
)
SELECT
  attempt_key,
  event_uuid,
  endpoint_url,
  accepted_before,
  accepted_after,
  COUNT(*) OVER (PARTITION BY endpoint_url, accepted_before, accepted_after) AS run_size
FROM placed_attempts
WHERE status = 'failed'
