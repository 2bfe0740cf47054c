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
in the payload. A list of addresses is not the reason where the same addresses were let in."""
next_check = """
Allow all of the sender's addresses, as it publishes them, to POST to the endpoint's path
without a log-in. See in the firewall's own log which rule fired. Then resend these events: none
of them was accepted."""

[requires]
answered = "it was answered 401, 403 or 406"
outside = "your edge logged that answer, or the request never came to your logs"
unseen = "your application (or your edge) was writing its log, and has no line of it"

[against]
let_in = "the same address, or a neighbour of it, was let in at other times"
unsigned = "your application logs, at that moment, a signature that does not fit"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  edge_status IN (401, 403, 406)
    OR (edge_lines = 0 AND covered) AS outside,
  app_alive OR (edge_lines = 0 AND edge_alive) AS unseen,
  let_in,
  signature_near AS unsigned
FROM symptoms
WHERE answer IN (401, 403, 406) AND app_lines = 0 AND COALESCE(error_kind, '') <> 'signature'
