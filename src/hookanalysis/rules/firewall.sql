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

[against]
hole = "one of the logs that serve the endpoint has a hole at that time"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  covered AS absent,
  hole
FROM symptoms
WHERE status = 'failed' AND http_status IS NULL AND error_kind IN ('timeout', 'other')
  AND edge_lines + app_lines = 0 AND detail IS DISTINCT FROM 'ambiguous'
  AND (edge_alive OR app_alive)
