/* sender_habits: how long the sender waits for an answer, and when it tries again; as measured.
   grain:  one habit; of resends one for each number of the attempt that failed
   inputs: attempt_records, attempts, matches, repeated_attempts

   timeout: as the sender timed its time-outs; else as long as the requests lasted that the client
   left (499, or 460 at an AWS balancer); else as the shortest request lasted that timed out: it is
   no more than that. resend: from the nth attempt, which failed, to the next one. low and high:
   the 5th and the 95th percentile. */
WITH timed_attempts AS (
  SELECT DISTINCT attempt_id, event_uuid, attempted_at, latency_ms
  FROM attempt_records
  WHERE error_kind = 'timeout' AND latency_ms > 0
),
waits AS (
  SELECT 1 AS precision_rank, latency_ms AS wait_ms FROM timed_attempts
  UNION ALL
  SELECT
    CASE WHEN m.http_status IN (460, 499) THEN 2 ELSE 3 END AS precision_rank,
    DATE_DIFF('microsecond', m.arrived_at, m.ended_at) / 1000.0 AS wait_ms
  FROM attempts AS a
  JOIN matches AS m ON m.event_uuid = a.event_uuid AND m.attempt_key = a.attempt_key
  WHERE a.error_kind = 'timeout' AND m.ended_at > m.arrived_at
),
best_waits AS (
  SELECT wait_ms
  FROM waits
  WHERE precision_rank = (SELECT MIN(precision_rank) FROM waits)
    AND (precision_rank < 3 OR wait_ms = (SELECT MIN(wait_ms) FROM waits))
),
turns AS (
  SELECT
    status, attempted_at,
    ROW_NUMBER() OVER attempt_order AS nth,
    LEAD(attempted_at) OVER attempt_order AS next_at
  FROM repeated_attempts
  WINDOW attempt_order AS (
    PARTITION BY event_uuid, endpoint_url
    ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
  )
),
measures AS (
  SELECT 'timeout' AS habit, CAST(NULL AS BIGINT) AS nth, wait_ms AS duration_ms FROM best_waits
  UNION ALL
  SELECT 'resend' AS habit, nth, DATE_DIFF('microsecond', attempted_at, next_at) / 1000.0
  FROM turns
  WHERE status = 'failed' AND next_at IS NOT NULL
)
SELECT
  habit,
  nth,
  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY duration_ms) AS median_ms,
  PERCENTILE_CONT(0.05) WITHIN GROUP (ORDER BY duration_ms) AS low_ms,
  PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY duration_ms) AS high_ms,
  COUNT(*) AS n
FROM measures
GROUP BY habit, nth
