/*---
id = "allowlist"
title = "Requests that were blocked before they reached your application"
guide_step = "Firewall and Network Issues"
cause = "receiver"
severity = "critical"
place = 18
explain = """
Something in front of your application (an allow-list, a log-in, a web application firewall)
answered 401, 403 or 406, and the application never saw the request. If only some of these
requests are blocked, the list lacks some of the sender's addresses, or a rule dislikes something
in the payload."""
next_check = """
Allow all of the sender's addresses, as its guide lists them, to POST to the endpoint's path
without a log-in. See in the firewall's own log which rule fired. Then resend these events: none
of them was accepted."""

[requires]
answered = "it was answered 401, 403 or 406"
outside = "your edge logged that answer, or the request never came to your logs"
unseen = "your application (or your edge) was writing its log, and has no line of it"
---*/
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  answer IN (401, 403, 406) AS answered,
  edge_status IN (401, 403, 406)
    OR (edge_lines = 0 AND covered) AS outside,
  app_alive OR (edge_lines = 0 AND edge_alive) AS unseen
FROM symptoms
WHERE answer IN (401, 403, 406) AND app_lines = 0 AND COALESCE(error_kind, '') <> 'signature'
