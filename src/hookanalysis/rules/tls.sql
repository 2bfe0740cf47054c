/*---
id = "tls"
title = "The secure connection to your server failed"
guide_step = "Check Endpoint URL"
cause = "receiver"
severity = "critical"
place = 11
explain = """
The sender reached your host, but the two could not agree on a secure connection: most often the
certificate had expired, was made for another name, or lacked its intermediate part. No request
was sent."""
next_check = """
Check the certificate of the endpoint's host from outside: its last day, its names, and that the
whole chain is sent. Renew it, send a test event, and then resend these events: none of them
arrived."""

[requires]
told = "the sender's error is about the certificate or the TLS handshake"
absent = "your application has no trace of the request"

[against]
arrived = "your application has a line of the request"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  app_lines = 0 AS absent,
  app_lines > 0 AS arrived
FROM symptoms
WHERE error_kind = 'tls'
