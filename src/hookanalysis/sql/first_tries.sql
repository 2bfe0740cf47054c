/* first_tries: deliveries at the moment of the first try, and whether that try failed.
   grain:  one delivery that is not plain, or that only the receiver knows
   inputs: deliveries, hard_attempts, endpoint_paths

   Left out: tests, posts that the sender knows nothing of, and what is not decided on either side.
   recovered: it was accepted in the end. status: the answer to the first try as the sender saw it,
   or why there was none; without a sender's log, as the receiver gave it. */
WITH told_attempts AS (
  SELECT
    delivery_no, MIN(created_at) FILTER (status = 'none') AS created_at,
    ARG_MIN(
      {'status': status, 'http_status': http_status, 'error_kind': error_kind},
      (COALESCE(turn_of(attempted_at, attempted_until), 'infinity'), attempt_key)
    ) FILTER (status <> 'none') AS first
  FROM hard_attempts GROUP BY delivery_no
)
SELECT
  d.event_uuid, d.endpoint_url, COALESCE(p.host, '') AS host, COALESCE(p.on_host, 1) AS on_host,
  d.event_type, COALESCE(d.first_attempt_at, a.created_at, d.first_receipt_at) AS moment,
  COALESCE(
    COALESCE(a.first.status, d.last_status) = 'failed'
    OR d.outcome IN ('missed', 'refused', 'unprocessed')
    OR (d.attempts = 0 AND d.accepted_count = 0),
    FALSE
  ) AS failed,
  d.outcome IN ('delivered', 'recovered', 'duplicated', 'unacknowledged')
    OR COALESCE(d.outcome = 'undetermined' AND d.last_status = 'success', FALSE) AS recovered,
  CASE
    WHEN a.first IS NOT NULL
      THEN COALESCE(CAST(a.first.http_status AS VARCHAR), a.first.error_kind, 'no_answer')
    WHEN d.attempts > 0
      THEN COALESCE(CAST(d.last_http_status AS VARCHAR), d.last_error_kind, 'no_answer')
    ELSE COALESCE(CAST(d.receiver_status AS VARCHAR), 'no_attempt')
  END AS status
FROM deliveries AS d
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = d.endpoint_url
LEFT JOIN told_attempts AS a ON a.delivery_no = d.delivery_no
WHERE (d.detail <> 'delivered' OR d.delivery_no IN (SELECT delivery_no FROM hard_attempts))
  AND NOT d.is_test AND d.outcome <> 'unexpected' AND d.detail <> 'conflict'
  AND NOT (d.outcome = 'pending' AND COALESCE(d.last_status, 'pending') = 'pending')
  AND NOT (
    d.outcome = 'undetermined' AND d.receipts = 0 AND COALESCE(d.last_status, 'pending') = 'pending'
  )
