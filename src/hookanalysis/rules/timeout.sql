/*---
id = "timeout"
title = "Your server answered too late"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "critical"
place = 23
explain = """
These events arrived, but the sender got no answer in time and calls them failed. Your server
worked on them before it answered; it may well have finished. Whoever works through the sender's
list of failures would send them again."""
next_check = """
Do not resend those that your server accepted. Answer with 2xx as soon as the event is stored,
within a few seconds, and do the longer work afterwards. Make sure that an event whose
id has been processed is skipped, in case it is resent."""

[requires]
unanswered = "the sender got no answer in time, or a proxy's own answer in its place"
arrived = "your own log has the request"
slow = "your log shows that it took five seconds or more, or that the sender hung up"

[against]
quick = "your log shows an answer within two seconds"
incomplete = "your edge answered 408: the request itself did not come whole"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  http_status IS NULL OR is_proxys(http_status) AS unanswered,
  edge_lines + app_lines > 0 AS arrived,
  sender_left(edge_status) OR (edge_status = 408 AND app_lines > 0) OR took_ms >= 5000 AS slow,
  took_ms < 2000 AND COALESCE(edge_status, 200) NOT IN (408, 460, 499) AS quick,
  edge_status = 408 AND app_lines = 0 AS incomplete
FROM symptoms
WHERE status = 'failed' AND edge_lines + app_lines > 0
  AND (
    (http_status IS NULL AND error_kind IN ('timeout', 'other'))
    OR (http_status IN (504, 524) AND app_lines > 0)
    OR (http_status IN (502, 503) AND app_lines > 0 AND took_ms >= 5000)
    OR (http_status IS NULL AND edge_status IN (408, 460, 499))
  )
