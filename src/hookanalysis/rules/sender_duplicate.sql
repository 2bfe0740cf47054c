/*---
id = "sender_duplicate"
title = "Events that were sent again without need"
guide_step = "Resending Events"
cause = "sender"
severity = "warning"
place = 16
explain = """
These events had arrived, and then came again: somebody resent them although they had
succeeded; or two webhooks of the sender have the same URL, so that it sends each event twice; or
your server got two requests for one attempt within a moment, because the sender's network or a
proxy of yours repeated it."""
next_check = """
Nothing is lost. Look into the resend list before a resend: it names what has arrived already.
Make sure that an event whose id is known is skipped. See whether the sender has two webhooks with
the same URL, and remove one. If your proxy repeats
requests (such as nginx with proxy_next_upstream non_idempotent), switch that off; if neither is
so, tell the sender the times of a few of them."""

[requires]
repeated = "the sender lists a success and a later attempt, or one attempt for two arrivals"
listed = "the sender's export tells of the event"

[against]
proxy = "your edge got it once and your application twice: your own proxy repeated it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  status IS NOT NULL AS listed,
  detail = 'double_send' AND edge_lines = 1 AND app_lines > 1 AS proxy
FROM symptoms
WHERE detail IN ('double_send', 'resend_after_success')
