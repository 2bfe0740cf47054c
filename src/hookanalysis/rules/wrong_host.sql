/*---
id = "wrong_host"
title = "Somebody else answered in your server's place"
guide_step = "Check Endpoint URL"
cause = "network"
severity = "critical"
place = 29
explain = """
The sender got an answer for these events, and none of your logs has them: either your logs
testify for that time, or the events went to another host than usual, under the same path. The
answer came from something else: a CDN or a cache, a parking page, an old or a staging server."""
next_check = """
Compare the host name in the endpoint's URL with the server whose logs these are, and where that
name leads. Look at the response that the sender shows: whose page is it? Let POST requests pass
any CDN or cache untouched. Correct the URL, then resend: none of these events arrived."""

[requires]
answered = "the sender got an answer"
absent = "your logs, which would show it, have no line of it; or it went to another host"

[against]
hole = "one of the logs that serve the endpoint has a hole at that time"
---*/
WITH moved_events AS (
  SELECT DISTINCT event_uuid, went_to
  FROM untried_events
  WHERE went_to <> ''
    AND LOWER(SPLIT_PART(went_to, '/', 3)) <> LOWER(SPLIT_PART(endpoint_url, '/', 3))
)
SELECT
  s.endpoint_url, s.event_uuid, s.happened_at,
  s.answer IS NOT NULL AS answered,
  s.edge_lines + s.app_lines = 0 AND (s.covered OR m.went_to IS NOT NULL) AS absent,
  s.hole
FROM symptoms AS s
LEFT JOIN moved_events AS m ON m.event_uuid = s.event_uuid AND m.went_to = s.endpoint_url
WHERE s.detail = 'false_success'
  OR (s.detail = 'answered_upstream' AND (s.answer < 300 OR s.answer IN (404, 410)))
  OR (s.detail = 'receiver_coverage' AND m.went_to IS NOT NULL AND s.answer < 500)
