/*---
id = "paused"
title = "The sender did not even try to deliver these events"
guide_step = "Viewing webhook event logs"
cause = "sender"
severity = "critical"
place = 30
explain = """
The sender lists these events without any attempt: the endpoint was paused, or is not subscribed
to their type."""
next_check = """
Look in the dashboard whether the endpoint is paused, since when, and which event types it is
subscribed to. What becomes of events of a pause is not documented: ask the sender, or resend them
from the Events tab."""

[requires]
listed = "the sender lists the event, past its time, without an attempt"
absent = "your logs, which testify for that time, have no line of it"

[[case]]
name = "listed without an attempt"
kind = "fires"
expect = ["untried"]
[[case.symptoms]]
event_uuid = "untried"
detail = "not_attempted"
status = "none"
edge_lines = 0
app_lines = 0

[[case]]
name = "tried in vain"
kind = "silent"
expect = []
[[case.symptoms]]
event_uuid = "lost"
detail = "never_reached"
status = "failed"
edge_lines = 0
app_lines = 0

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
  TRUE AS listed,
  edge_lines + app_lines = 0 AS absent
FROM symptoms
WHERE detail = 'not_attempted'
