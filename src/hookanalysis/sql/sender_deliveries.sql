/* sender_deliveries: what the sender says of each delivery that is not plain.
   grain:  one event for one endpoint, as the sender's exports know it
   inputs: hard_attempts, attempts, matches, processing_logs, receipt_lines,
           receipt_records, settings

   tried_until: until when the last attempt was made, where one tells no time of its own (untimed).
   says: ok (a success), pending, fail_http (the last attempt was answered), fail_nohttp (it was
   not), no_attempt (the event is listed without attempts), or conflict (exports contradict each
   other). never_sent: no attempt became a request: refused, dns or tls each time; first_sent_at and
   last_sent_at are those of the attempts that may have.
   had_failure: an attempt failed before one succeeded.
   refused_with: the last answer that the sender saw and called a failure.
   success_silent: some attempts left a receipt, but none that succeeded; what the receiver answered
   to the others does not contradict the success. successes: how many attempts did succeed.
   hidden: why the logs may not tell that it was processed. Of this type several events came, and of
   none is that told (type_untold); or a log's last word of it, of a failure long after it, is one
   that is said of no other and tells of no failure (other_words); or it failed, and another try is
   announced, within a day of the logs' end, or where they tell of no success (retry_announced). */
WITH tried_events AS (
  SELECT DISTINCT event_uuid, endpoint_url
  FROM attempts WHERE status <> 'none' AND event_uuid IN (
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
    FROM hard_attempts GROUP BY ALL
  ) USING (endpoint_url, event_type)
  WHERE attempts = hard AND told >= 2 AND NOT processed
),
-- Events of which the logs behind the edge say that they failed, or do not say what they usually do.
doubtful_events AS (
  SELECT event_uuid
  FROM matches WHERE layer IN ('app', 'queue')
  GROUP BY event_uuid
  HAVING NOT BOOL_OR(COALESCE(processed, FALSE) OR known_before)
    AND BOOL_OR(processed IS NOT NULL OR (endpoint_url, layer) IN (
      SELECT (endpoint_url, layer) FROM processing_logs
    ))
),
unmarked_lines AS (
  SELECT
    event_uuid, layer, words, file_id, line, logged_at,
    event_uuid IN (FROM doubtful_events) AS doubtful
  FROM receipt_lines WHERE mark IS NULL AND event_uuid IS NOT NULL AND layer IN ('app', 'queue')
),
other_words AS (
  SELECT u.event_uuid, MAX(u.logged_at) AS said_at
  FROM unmarked_lines AS u JOIN receipt_records AS r ON r.file_id = u.file_id AND r.line = u.line
  LEFT JOIN (
    SELECT event_uuid, MAX(logged_at) AS failed_at
    FROM receipt_lines
    WHERE mark IN ('failed', 'signature_failed') AND event_uuid IN (FROM doubtful_events)
    GROUP BY event_uuid
  ) AS f ON f.event_uuid = u.event_uuid
  WHERE u.doubtful AND COALESCE(r.level IN ('info', 'debug'), TRUE) AND NOT leaves_open(r.message)
    AND COALESCE(u.logged_at >= f.failed_at, TRUE) AND (u.layer, u.words) NOT IN (
      SELECT (layer, words) FROM unmarked_lines WHERE NOT doubtful
    )
  GROUP BY u.event_uuid
),
-- Failures that announce another try, which no log tells of yet, or would.
retries AS (
  SELECT l.event_uuid
  FROM receipt_lines AS l JOIN receipt_records AS r ON r.file_id = l.file_id AND r.line = l.line
  WHERE l.mark = 'failed' AND l.layer IN ('app', 'queue') AND l.event_uuid IN (FROM doubtful_events)
  GROUP BY l.event_uuid
  HAVING announces_retry(ARG_MAX(r.message, l.logged_at)) AND (NOT EXISTS (FROM processing_logs)
    OR MAX(l.logged_at) + INTERVAL '1 day' > (SELECT MAX(logged_at) FROM receipt_lines))
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
  FROM told_attempts GROUP BY delivery_no, event_uuid, endpoint_url
)
SELECT
  s.* EXCLUDE (last, contradicted),
  last.status AS last_status, last.http_status AS last_http_status,
  last.error_kind AS last_error_kind,
  CASE
    WHEN said_at > tried_until + timeout_seconds * INTERVAL '1 second' OR successes > 0 AND said_at IS NOT NULL
      THEN 'other_words'
    WHEN event_uuid IN (FROM retries) THEN 'retry_announced'
    WHEN (endpoint_url, event_type) IN (FROM untold_types) THEN 'type_untold'
  END AS hidden,
  CASE
    WHEN attempts = 0 THEN 'no_attempt'
    WHEN contradicted THEN 'conflict'
    WHEN successes > 0 THEN 'ok'
    WHEN last.status = 'pending' THEN 'pending'
    WHEN last.http_status IS NOT NULL OR last.error_kind = 'answered' THEN 'fail_http'
    ELSE 'fail_nohttp'
  END AS says
FROM summaries AS s
CROSS JOIN (SELECT timeout_seconds FROM settings)
LEFT JOIN other_words USING (event_uuid)
