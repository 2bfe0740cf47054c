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

[[case]]
name = "the edge answered for it; not in the edge's log, or in the application's too, it is weak"
kind = "fires"
expect = ["down", "handled", "unlogged"]
weak = ["handled", "unlogged"]
symptoms = [
  { event_uuid = "down", http_status = 502, edge_status = 502, app_lines = 0, answer = 502 },
  { event_uuid = "handled", http_status = 502, edge_status = 502, app_lines = 1, answer = 502 },
  { event_uuid = "unlogged", http_status = 503, app_lines = 0, answer = 503 },
]

[[case]]
name = "the application's own error"
kind = "silent"
expect = []
symptoms = [
  { event_uuid = "bug", http_status = 500, edge_status = 500, app_lines = 1, answer = 500 },
]

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
  answer BETWEEN 502 AND 504 AS answered,
  edge_status BETWEEN 502 AND 504 AS proxy,
  app_lines > 0 AS handled
FROM symptoms
WHERE answer BETWEEN 502 AND 504
