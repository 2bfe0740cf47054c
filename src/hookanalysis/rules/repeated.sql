/*---
id = "repeated"
title = "Events that were sent again, without harm as far as the logs tell"
guide_step = "Resending Events"
cause = "sender"
severity = "info"
place = 96
explain = """
These events arrived and were accepted more than once: somebody resent them although they had
succeeded, or the same request was sent by somebody else. Your application recognised the
repetition, or no log tells how often it processed the event."""
next_check = """
Before a resend, see whether the event has arrived: the resend list names those that are safe.
Keep the id of processed events and skip those that are there already."""

[requires]
repeated = "more than one arrival of the event was accepted"

[against]
once = "your edge shows one request of it, and the logs behind it several: a proxy repeated it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  edge_lines = 1 AND app_lines > 1 AS once
FROM symptoms
WHERE outcome = 'duplicated'
