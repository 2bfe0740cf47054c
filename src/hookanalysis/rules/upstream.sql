/*---
id = "upstream"
title = "Your proxy could not reach your application"
guide_step = "Verify Server is Running"
cause = "receiver"
severity = "critical"
place = 22
explain = """
The proxy or load balancer in front of your application answered 502, 503 or 504 in its place: the
application was down, restarting, overloaded, or slower than the proxy waits."""
next_check = """
See in the proxy's error log which application server it could not reach, and in the application's
own log whether it was stopped, restarted or short of memory at these times. Once it runs, resend
these events: none of them was accepted."""

[requires]
answered = "it was answered 502, 503 or 504"
proxy = "your edge logged that answer"

[against]
handled = "your application has a line of it"
---*/
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  answer BETWEEN 502 AND 504 AS answered,
  edge_status BETWEEN 502 AND 504 AS proxy,
  app_lines > 0 AS handled
FROM symptoms
WHERE answer BETWEEN 502 AND 504
