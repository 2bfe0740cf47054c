/*---
id = "wrong_method"
title = "Your endpoint does not accept POST"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 13
explain = """
The sender posts events, and your server answered 405, Method Not Allowed: the path is there, but
not for POST. Often a route is declared for GET only, or a proxy or a static page answers in the
application's place."""
next_check = """
Let the endpoint's route accept POST, and check that no proxy or page in front of it takes the
request. Send a test event, then resend these events: none of them was accepted."""

[requires]
sender = "the sender was answered 405"
receiver = "your own log shows the 405"

[against]
served = "other requests to the same URL were accepted shortly before and after it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  http_status = 405 AS sender,
  edge_status = 405 OR app_status = 405 AS receiver,
  run_size = 1 AND amid(happened_at, accepted_before, accepted_after, INTERVAL '1 hour') AS served
FROM symptoms
WHERE answer = 405
