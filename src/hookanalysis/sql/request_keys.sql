/* request_keys: request keys that several lines of one log share.
   grain:  one key of one stream
   inputs: receipt_lines, settings

   reused: it may stand for more than one request: its lines lie further apart than
   same_send_seconds, name different events (a request id used again), or, without a request id,
   tell of the same step twice. */
SELECT
  l.stream,
  l.request_key,
  (
    MAX(l.logged_at) > MIN(l.logged_at) + MAX(s.same_send_seconds) * INTERVAL '1 second'
    OR COALESCE(MIN(l.event_uuid) <> MAX(l.event_uuid), FALSE)
    OR (
      MAX(l.request_id) IS NULL
      AND (
        COUNT(*) FILTER (WHERE l.mark = 'received') > 1
        OR COUNT(*) FILTER (WHERE l.mark = 'processed') > 1
        OR COUNT(*) FILTER (WHERE l.mark = 'answered') > 1
        OR COUNT(*) FILTER (WHERE l.mark IN ('duplicate', 'failed', 'signature_failed')) > 1
      )
    )
  ) AS reused
FROM receipt_lines AS l
CROSS JOIN settings AS s
WHERE l.request_key IS NOT NULL
GROUP BY l.stream, l.request_key
HAVING COUNT(*) > 1
