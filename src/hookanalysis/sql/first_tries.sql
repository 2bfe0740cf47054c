/* first_tries: each delivery at the moment of its first try, and whether that try failed.
   grain:  one delivery that the sender meant to make, or that only the receiver knows
   inputs: deliveries, repeated_attempts, attempts, endpoint_paths

   Left out: tests, posts that the sender knows nothing of, and what is not decided on either side.
   recovered: it was accepted in the end. status: the answer to the first try as the sender saw it,
   or why there was none; without a sender's log, as the receiver gave it. */
WITH earliest_attempts AS (
  SELECT
    event_uuid, endpoint_url, status, http_status, error_kind,
    ROW_NUMBER() OVER (
      PARTITION BY event_uuid, endpoint_url
      ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
    ) AS place
  FROM repeated_attempts
),
listed_events AS (
  SELECT event_uuid, endpoint_url, MIN(created_at) AS created_at
  FROM attempts
  WHERE status = 'none'
  GROUP BY event_uuid, endpoint_url
)
SELECT
  d.event_uuid,
  d.endpoint_url,
  COALESCE(p.host, '') AS host,
  COALESCE(p.on_host, 1) AS on_host,
  d.event_type,
  COALESCE(d.first_attempt_at, l.created_at, d.first_receipt_at) AS moment,
  COALESCE(
    COALESCE(e.status, d.last_status) = 'failed'
    OR d.outcome IN ('missed', 'refused', 'unprocessed')
    OR (d.attempts = 0 AND d.accepted_count = 0),
    FALSE
  ) AS failed,
  d.outcome IN ('delivered', 'recovered', 'duplicated', 'unacknowledged')
    OR COALESCE(d.outcome = 'undetermined' AND d.last_status = 'success', FALSE) AS recovered,
  CASE
    WHEN e.place = 1 THEN COALESCE(CAST(e.http_status AS VARCHAR), e.error_kind, 'no answer')
    WHEN d.attempts > 0
      THEN COALESCE(CAST(d.last_http_status AS VARCHAR), d.last_error_kind, 'no answer')
    ELSE COALESCE(CAST(d.receiver_status AS VARCHAR), 'no attempt')
  END AS status
FROM deliveries AS d
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = d.endpoint_url
LEFT JOIN earliest_attempts AS e
  ON e.event_uuid = d.event_uuid AND e.endpoint_url = d.endpoint_url AND e.place = 1
LEFT JOIN listed_events AS l ON l.event_uuid = d.event_uuid AND l.endpoint_url = d.endpoint_url
WHERE NOT d.is_test
  AND d.outcome <> 'unexpected'
  AND d.detail <> 'conflict'
  AND NOT (d.outcome = 'pending' AND COALESCE(d.last_status, 'pending') = 'pending')
  AND NOT (
    d.outcome = 'undetermined' AND d.receipts = 0 AND COALESCE(d.last_status, 'pending') = 'pending'
  )
