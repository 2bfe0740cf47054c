/*---
id = "rate_limit"
title = "Your server turned requests away as too many"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 14
explain = """
These requests were answered 429, or 503 in the middle of others that went well: a rate limit took
the sender's burst, such as the start of a sale, for an attack."""
next_check = """
Exempt the sender's addresses and the endpoint's path from the rate limit, or raise it above the
busiest minute. Answer quickly and queue the work. Then resend these events, a few at a time: none
of them was accepted."""

[requires]
answered = "it was answered 429, or 503 between successes"
busy = "other requests were accepted within five minutes of it"

[against]
failed = "your application's own log tells of a failure at it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  accepted_before >= happened_at - INTERVAL '5 minutes'
    OR accepted_after <= happened_at + INTERVAL '5 minutes' AS busy,
  app_failed AS failed
FROM symptoms
WHERE answer = 429
  OR (answer = 503 AND amid(happened_at, accepted_before, accepted_after, INTERVAL '1 minute'))
