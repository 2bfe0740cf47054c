/*---
id = "async_loss"
title = "Events that were accepted and then lost inside your systems"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "critical"
place = 28
explain = """
Your server answered 2xx, so for the sender the matter is closed; but your application, which says
of other events that it processed them, never says so of these. They were lost after the answer:
in a queue, in a worker that crashed, or in a filter."""
next_check = """
Follow one of these events by its request id from the access log into the queue and the worker,
and look for a crash or a restart at these times. Store an event before you answer, and let the
worker try again. Then resend these events."""

[requires]
accepted = "it was answered with success"
lost = "your application, which was writing its log, never says that it processed it"

[against]
dropped = "your application dropped it knowingly: its signature did not fit"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  edge_status BETWEEN 200 AND 299 OR answer BETWEEN 200 AND 299 AS accepted,
  processed IS NOT TRUE AND (app_alive OR app_lines > 0) AS lost,
  signature_failed OR signature_near AS dropped
FROM symptoms
WHERE detail = 'accepted_not_processed'
