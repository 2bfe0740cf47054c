/*---
id = "firewall"
title = "Requests that were lost on the way to a server that was up"
guide_step = "Firewall and Network Issues"
cause = "network"
severity = "critical"
place = 25
explain = """
The sender got no answer, your logs were being written at that very time, and none of them has the
request: something between the two, most often a firewall, swallowed it. If only some requests are
lost, the firewall lets only some of the sender's addresses through."""
next_check = """
Let the firewall, the hosting provider's filter and any DDoS protection pass all of the sender's
addresses to port 443. Ask the network's operator for drops at these times. Then resend these
events: none of them arrived."""

[requires]
unanswered = "the sender got no answer and no refusal"
alive = "your server was writing its log in that minute"
absent = "your logs, which testify for that time, have no line of it"

[[case]]
name = "no answer, no line, and a server that lives; with a hole in the log it is weak"
kind = "fires"
expect = ["hole", "lost"]
weak = ["hole"]
[[case.symptoms]]
event_uuid = "lost"
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
covered = true
edge_alive = true
app_alive = true
[[case.symptoms]]
event_uuid = "hole"
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
covered = false
edge_alive = false
app_alive = true

[[case]]
name = "it arrived, or it was refused"
kind = "silent"
expect = []
[[case.symptoms]]
event_uuid = "late"
status = "failed"
error_kind = "timeout"
edge_lines = 1
app_lines = 1
covered = true
edge_alive = true
[[case.symptoms]]
event_uuid = "closed"
status = "failed"
error_kind = "refused"
edge_lines = 0
app_lines = 0
covered = true
edge_alive = true

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
  error_kind IN ('timeout', 'other') AS unanswered,
  edge_alive OR app_alive AS alive,
  covered AND edge_lines + app_lines = 0 AS absent
FROM symptoms
WHERE status = 'failed' AND http_status IS NULL AND error_kind IN ('timeout', 'other')
  AND edge_lines + app_lines = 0
  AND (edge_alive OR app_alive)
