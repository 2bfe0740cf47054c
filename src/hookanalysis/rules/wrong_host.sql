/*---
id = "wrong_host"
title = "Somebody else answered in your server's place"
guide_step = "Check Endpoint URL"
cause = "network"
severity = "critical"
place = 29
explain = """
The sender got an answer for these events, and your logs, which testify for that time, have none
of them. The answer came from something else: a CDN or a cache, a parking page, an old or a
staging server behind the same name."""
next_check = """
Compare the host name in the endpoint's URL with the server whose logs these are, and where that
name leads. Look at the response body in the dashboard: whose page is it? Let POST requests pass
any CDN or cache untouched. Then resend: none of them arrived."""

[requires]
answered = "the sender got an answer"
absent = "your logs, which testify for that time, have no line of it"

[[case]]
name = "a success, or a 404, that your server did not give"
kind = "fires"
expect = ["cached", "elsewhere"]
[[case.symptoms]]
event_uuid = "cached"
detail = "false_success"
status = "success"
http_status = 200
edge_lines = 0
app_lines = 0
covered = true
answer = 200
[[case.symptoms]]
event_uuid = "elsewhere"
detail = "answered_upstream"
status = "failed"
http_status = 404
edge_lines = 0
app_lines = 0
covered = true
answer = 404

[[case]]
name = "no answer at all"
kind = "silent"
expect = []
[[case.symptoms]]
event_uuid = "lost"
detail = "never_reached"
status = "failed"
edge_lines = 0
app_lines = 0
covered = true

[[case]]
name = "nothing is known of it"
kind = "null"
expect = []
symptoms = [{ event_uuid = "nothing" }]
---*/
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  http_status IS NOT NULL OR status = 'success' AS answered,
  edge_lines + app_lines = 0 AND covered AS absent
FROM symptoms
WHERE detail = 'false_success'
  OR (detail = 'answered_upstream' AND (http_status < 300 OR http_status IN (404, 410)))
