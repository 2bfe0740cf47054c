/* sender_deliveries: what the sender says of each delivery.
   grain:  one event for one endpoint, as the sender's exports know it
   inputs: attempts, repeated_attempts

   says: ok (a success), pending, fail_http (the last attempt was answered), fail_nohttp (it was
   not), no_attempt (the event is listed without attempts), or conflict (exports contradict each
   other). never_sent: no attempt became a request: refused, dns or tls each time. */
WITH placed_attempts AS (
  SELECT
    event_uuid, endpoint_url, event_type, transaction_id, created_at, attempted_at, status,
    http_status, error_kind, is_test,
    ROW_NUMBER() OVER (
      PARTITION BY event_uuid, endpoint_url
      ORDER BY attempted_at DESC NULLS LAST, attempt_key DESC NULLS LAST
    ) AS place
  FROM repeated_attempts
),
summaries AS (
  SELECT
    event_uuid, endpoint_url, event_type, transaction_id, created_at,
    attempted_at AS first_attempt_at, attempted_at AS last_attempt_at,
    1 AS attempts, status AS last_status, http_status AS last_http_status,
    error_kind AS last_error_kind,
    status = 'conflict' AS contradicted, status = 'success' AS succeeded,
    status = 'failed' AS had_failure,
    COALESCE(status = 'failed' AND error_kind IN ('refused', 'dns', 'tls'), FALSE) AS never_sent,
    is_test
  FROM attempts
  WHERE event_uuid IS NOT NULL AND status <> 'none'
    AND event_uuid NOT IN (SELECT event_uuid FROM repeated_attempts)
  UNION ALL
  SELECT
    event_uuid, endpoint_url, MAX(event_type), MAX(transaction_id), MIN(created_at),
    MIN(attempted_at), MAX(attempted_at),
    COUNT(*), MAX(CASE WHEN place = 1 THEN status END),
    MAX(CASE WHEN place = 1 THEN http_status END), MAX(CASE WHEN place = 1 THEN error_kind END),
    BOOL_OR(status = 'conflict') OR COALESCE(MIN(event_type) <> MAX(event_type), FALSE),
    BOOL_OR(status = 'success'), BOOL_OR(status = 'failed'),
    BOOL_AND(COALESCE(status = 'failed' AND error_kind IN ('refused', 'dns', 'tls'), FALSE)),
    BOOL_OR(is_test)
  FROM placed_attempts
  GROUP BY event_uuid, endpoint_url
  UNION ALL
  SELECT
    event_uuid, endpoint_url, MAX(event_type), MAX(transaction_id), MIN(created_at),
    NULL, NULL, 0, NULL, NULL, NULL, FALSE, FALSE, FALSE, FALSE, BOOL_OR(is_test)
  FROM attempts AS n
  WHERE status = 'none'
    AND NOT EXISTS (
      SELECT 1 FROM attempts AS a
      WHERE a.status <> 'none' AND a.event_uuid = n.event_uuid
        AND (a.endpoint_url = n.endpoint_url OR n.endpoint_url = '')
    )
  GROUP BY event_uuid, endpoint_url
)
SELECT
  event_uuid,
  endpoint_url,
  event_type,
  transaction_id,
  created_at,
  first_attempt_at,
  last_attempt_at,
  attempts,
  last_status,
  last_http_status,
  last_error_kind,
  CASE
    WHEN attempts = 0 THEN 'no_attempt'
    WHEN contradicted THEN 'conflict'
    WHEN succeeded THEN 'ok'
    WHEN last_status = 'pending' THEN 'pending'
    WHEN last_http_status IS NOT NULL THEN 'fail_http'
    ELSE 'fail_nohttp'
  END AS says,
  had_failure,
  never_sent,
  is_test
FROM summaries
