/*---
id = "dns"
title = "The sender could not look up your host's name"
guide_step = "Check Endpoint URL"
cause = "network"
severity = "critical"
place = 10
explain = """
The sender asked for the address of your host and got none, so no request ever left. Either the
name in the endpoint's URL is misspelt, or the domain's DNS entry is missing, has expired or
pointed nowhere at that time."""
next_check = """
Look the host name of the endpoint up from outside your network. Correct the URL or the DNS entry,
wait until the change is known everywhere, and send a test event. Then resend these events: none
of them arrived."""

[requires]
told = "the sender says that the host's name could not be resolved"
absent = "none of your logs has the request"

[against]
arrived = "one of your logs has the request"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  edge_lines + app_lines = 0 AS absent,
  edge_lines + app_lines > 0 AS arrived
FROM symptoms
WHERE error_kind = 'dns'
