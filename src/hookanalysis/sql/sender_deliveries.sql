/* sender_deliveries: what the sender says of each delivery that is not plain.
   grain:  one event for one endpoint, as the sender's exports know it
   inputs: hard_attempts, attempts, matches

   tried_until: until when the last attempt was made, where one tells no time of its own (untimed).
   says: ok (a success), pending, fail_http (the last attempt was answered), fail_nohttp (it was
   not), no_attempt (the event is listed without attempts), or conflict (exports contradict each
   other). never_sent: no attempt became a request: refused, dns or tls each time; first_sent_at and
   last_sent_at are those of the attempts that may have.
   had_failure: an attempt failed before one succeeded.
   refused_with: the last answer that the sender saw and called a failure.
   success_silent: some attempts left a receipt, but none that succeeded; what the receiver answered
   to the others does not contradict the success. successes: how many attempts did succeed.
   type_untold: of this type several events came, and no log tells of any that it was processed. */
WITH tried_events AS (
  SELECT DISTINCT event_uuid, endpoint_url
  FROM attempts
  WHERE status <> 'none' AND event_uuid IN (
    SELECT event_uuid FROM hard_attempts WHERE status = 'none'
  )
),
told_attempts AS (
  SELECT
    *, status <> 'none' AS tried,
    COALESCE(turn_of(attempted_at, attempted_until), '-infinity') AS turn,
    NOT (status = 'failed' AND never_left(error_kind)) AS sent
  FROM hard_attempts
  WHERE status <> 'none'
    OR (event_uuid, endpoint_url) NOT IN (SELECT (event_uuid, endpoint_url) FROM tried_events)
    AND (endpoint_url <> '' OR event_uuid NOT IN (SELECT event_uuid FROM tried_events))
),
untold_types AS (
  SELECT endpoint_url, event_type
  FROM (SELECT endpoint_url, event_type, COUNT(*) AS attempts FROM attempts GROUP BY ALL)
  JOIN (
    SELECT
      endpoint_url, event_type, COUNT(*) AS hard, COUNT(DISTINCT delivery_no) FILTER (told) AS told,
      BOOL_OR(delivery_no IN (SELECT delivery_no FROM matches WHERE processed)) AS processed
    FROM hard_attempts
    GROUP BY ALL
  ) USING (endpoint_url, event_type)
  WHERE attempts = hard AND told >= 2 AND NOT processed
),
summaries AS (
  SELECT
    delivery_no, event_uuid, endpoint_url, MAX(event_type) AS event_type,
    MAX(transaction_id) AS transaction_id, MIN(created_at) AS created_at,
    MIN(attempted_at) FILTER (tried) AS first_attempt_at,
    MAX(attempted_at) FILTER (tried) AS last_attempt_at,
    MAX(COALESCE(attempted_until, attempted_at)) FILTER (tried) AS tried_until,
    MIN(attempted_at) FILTER (tried AND sent) AS first_sent_at,
    MAX(COALESCE(attempted_until, attempted_at)) FILTER (tried AND sent) AS last_sent_at,
    COALESCE(BOOL_OR(attempted_until IS NOT NULL), FALSE) AS untimed,
    COUNT(*) FILTER (tried) AS attempts,
    ARG_MAX(
      {'status': status, 'http_status': http_status, 'error_kind': error_kind},
      (turn, attempt_key)
    ) FILTER (tried) AS last,
    ARG_MAX(http_status, (turn, attempt_key)) FILTER (status = 'failed') AS refused_with,
    BOOL_OR(status = 'conflict') OR COALESCE(MIN(event_type) <> MAX(event_type), FALSE)
      AS contradicted,
    COUNT(*) FILTER (status = 'success') AS successes,
    COALESCE(MIN(turn) FILTER (status = 'failed')
      <= MIN(turn) FILTER (status = 'success'), BOOL_OR(status = 'failed')) AS had_failure,
    NOT BOOL_OR(sent) AS never_sent, BOOL_OR(is_test) AS is_test,
    COUNT(*) > 1 AND BOOL_OR(status = 'success') AND NOT BOOL_OR(status = 'success' AND shown)
      AS success_silent
  FROM told_attempts
  GROUP BY delivery_no, event_uuid, endpoint_url
)
SELECT
  * EXCLUDE (last, contradicted),
  last.status AS last_status, last.http_status AS last_http_status,
  last.error_kind AS last_error_kind,
  (endpoint_url, event_type) IN (FROM untold_types) AS type_untold,
  CASE
    WHEN attempts = 0 THEN 'no_attempt'
    WHEN contradicted THEN 'conflict'
    WHEN successes > 0 THEN 'ok'
    WHEN last.status = 'pending' THEN 'pending'
    WHEN last.http_status IS NOT NULL THEN 'fail_http'
    ELSE 'fail_nohttp'
  END AS says
FROM summaries
