/* request_keys: request keys that several lines of one log share.
   grain:  one key of one stream
   inputs: receipt_lines, settings

   reused: it may stand for more than one request: its lines lie further apart than
   same_send_seconds, name different events (a request id used again), have different request ids,
   or, without one, repeat themselves (processed and duplicate are one step: a request ends in
   either). */
WITH shared_keys AS (
  SELECT stream, request_key
  FROM receipt_lines
  WHERE request_key IS NOT NULL
  GROUP BY stream, request_key
  HAVING COUNT(*) > 1
)
SELECT
  l.stream,
  l.request_key,
  (
    MAX(l.logged_at) > MIN(l.logged_at) + MAX(s.same_send_seconds) * INTERVAL '1 second'
    OR COALESCE(MIN(l.event_uuid) <> MAX(l.event_uuid), FALSE)
    OR COUNT(DISTINCT l.request_id) > 1
    OR COUNT(l.kind) FILTER (WHERE l.request_id IS NULL)
      > COUNT(DISTINCT l.kind) FILTER (WHERE l.request_id IS NULL)
    OR (
      BOOL_OR(l.mark = 'duplicate')
      AND BOOL_OR(l.mark IN ('processed', 'failed', 'signature_failed'))
    )
  ) AS reused
FROM receipt_lines AS l
JOIN shared_keys AS k ON k.stream = l.stream AND k.request_key = l.request_key
CROSS JOIN settings AS s
GROUP BY l.stream, l.request_key
