/*---
id = "wrong_path"
title = "The endpoint's path does not exist on your server"
guide_step = "Check Endpoint URL"
cause = "receiver"
severity = "critical"
place = 20
explain = """
The sender posts to a path that your server does not know: it answered 404 or 410. Either the URL
in the dashboard is misspelt or out of date, or the route was moved or removed in a release."""
next_check = """
Compare the path of the endpoint's URL letter by letter with the route of your application,
including the slash at its end. Correct the URL in the dashboard, or bring the route back, and
send a test event. Then resend these events: none was accepted."""

[requires]
answered = "the sender was answered 404 or 410"
logged = "your own log shows the 404 or 410"

[against]
served = "other requests to the same URL were accepted shortly before and after it"

[[case]]
name = "both sides show it; a success of the same path right beside it contradicts"
kind = "fires"
expect = ["gone", "once", "sender-only"]
weak = ["once", "sender-only"]
[[case.symptoms]]
event_uuid = "gone"
happened_at = 2026-11-20T12:00:00
http_status = 404
edge_status = 404
run_size = 9
answer = 404
[[case.symptoms]]
event_uuid = "sender-only"
happened_at = 2026-11-20T12:00:00
http_status = 410
answer = 410
[[case.symptoms]]
event_uuid = "once"
happened_at = 2026-11-20T12:00:00
http_status = 404
edge_status = 404
run_size = 1
accepted_before = 2026-11-20T11:55:00
accepted_after = 2026-11-20T12:05:00
answer = 404

[[case]]
name = "other answers"
kind = "silent"
expect = []
symptoms = [{ event_uuid = "method", http_status = 405, answer = 405 }]

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
  http_status IN (404, 410) AS answered,
  edge_status IN (404, 410) OR app_status IN (404, 410) AS logged,
  run_size = 1
    AND accepted_before >= happened_at - INTERVAL '1 hour'
    AND accepted_after <= happened_at + INTERVAL '1 hour' AS served
FROM symptoms
WHERE answer IN (404, 410)
