/*---
id = "incomplete"
title = "Requests that did not come whole in time"
guide_step = "Firewall and Network Issues"
cause = "network"
severity = "critical"
place = 21
explain = """
Your edge answered 408: a connection came, but the request, mostly its body, did not follow within
the time that the edge waits. It never reached your application, so this is no slow application:
the network between the two loses packets (a wrong MTU, a tunnel, a filter), or the sender stalls."""
next_check = """
Compare the size of these requests with those that came through: are only large ones lost? Look at
the MTU and at filters on the way, and capture one such connection at the edge. Then resend these
events: none of them was accepted."""

[requires]
waited = "your edge answered 408"
unseen = "no log behind the edge has the request"

[against]
handled = "your application has a line of it"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  app_lines = 0 AS unseen,
  app_lines > 0 AS handled
FROM symptoms
WHERE edge_status = 408
