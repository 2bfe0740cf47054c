/*---
id = "upstream"
title = "Your proxy could not reach your application"
guide_step = "Verify Server is Running"
cause = "receiver"
severity = "critical"
place = 22
explain = """
The proxy or load balancer in front of your application answered in its place, 502 to 504, or 520
to 530 at Cloudflare: the application was down, restarting, overloaded, or slower than the proxy
waits."""
next_check = """
See in the proxy's error log which application server it could not reach, and in the application's
own log whether it was stopped, restarted or short of memory at these times. Once it runs, resend
these events, but for those of which your application tells that it handled them."""

[requires]
answered = "it was answered 502 to 504, or 520 to 530"
proxy = "your edge logged that answer"

[against]
handled = "your application has a line of it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  is_proxys(edge_status) AS proxy,
  app_lines > 0 AS handled
FROM symptoms
WHERE is_proxys(answer)
