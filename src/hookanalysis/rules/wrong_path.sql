/*---
id = "wrong_path"
title = "The endpoint's path does not exist on your server"
guide_step = "Check Endpoint URL"
cause = "receiver"
severity = "critical"
place = 20
explain = """
The sender posts to a path that your server does not know: it answered 404 or 410. Either the URL
at the sender is misspelt or out of date, or the route was moved or removed in a release."""
next_check = """
Compare the path of the endpoint's URL letter by letter with the route of your application,
including the slash at its end. Correct the URL at the sender, or bring the route back, and
send a test event. Then resend these events: none was accepted."""

[requires]
answered = "the sender was answered 404 or 410"
logged = "your own log shows the 404 or 410"

[against]
served = "other requests to the same URL were accepted shortly before and after it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  http_status IN (404, 410) AS answered,
  edge_status IN (404, 410) OR app_status IN (404, 410) AS logged,
  run_size = 1 AND amid(happened_at, accepted_before, accepted_after, INTERVAL '1 hour') AS served
FROM symptoms
WHERE answer IN (404, 410)
