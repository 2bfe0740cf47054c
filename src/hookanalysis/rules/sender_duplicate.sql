/*---
id = "sender_duplicate"
title = "Events that were posted twice for one attempt"
guide_step = "Best practices"
cause = "sender"
severity = "warning"
place = 16
explain = """
For each of these events the sender's log has one attempt, yet your server got it twice within a
moment. Either the sender's network sent the request again, or a proxy in front of your
application did."""
next_check = """
Nothing is lost. Make sure that an event whose webhook_event_uuid is known already is skipped. If
your proxy repeats requests (such as nginx with proxy_next_upstream non_idempotent), switch that
off; else tell the sender the times of a few of them."""

[requires]
twice = "the sender lists one attempt, and your log two arrivals"
known = "the sender's export covers that time"

[against]
proxy = "your edge got it once and your application twice: your own proxy repeated it"

[[case]]
name = "two arrivals from one attempt; a proxy that passed on one request twice contradicts"
kind = "fires"
expect = ["proxy", "twice"]
weak = ["proxy"]
[[case.symptoms]]
event_uuid = "twice"
detail = "double_send"
status = "success"
edge_lines = 2
app_lines = 2
[[case.symptoms]]
event_uuid = "proxy"
detail = "double_send"
status = "success"
edge_lines = 1
app_lines = 2

[[case]]
name = "sent again by hand"
kind = "silent"
expect = []
symptoms = [{ event_uuid = "resent", detail = "resend_after_success", status = "success" }]

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
  TRUE AS twice,
  status IS NOT NULL AS known,
  edge_lines = 1 AND app_lines > 1 AS proxy
FROM symptoms
WHERE detail = 'double_send'
