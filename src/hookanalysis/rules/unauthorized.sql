/*---
id = "unauthorized"
title = "Requests that were turned away although their addresses are let in"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 19
explain = """
Your server answered 401, 403 or 406, yet it accepted requests from the same addresses at this
endpoint, so no list of addresses was in the way. What was amiss is in the request, or in what your
application asks of it: a signature that did not fit, a key or token that was changed, a log-in, a
filter against forged forms (CSRF), or a firewall's rule that dislikes something in the payload."""
next_check = """
See in the application's log, or the firewall's, at these times which check gave the answer. If it
began at one moment, compare that with changes of keys and settings. Exempt the endpoint's path from
log-ins and from filters that are made for browsers. Then resend the events that have not been
accepted since."""

[requires]
answered = "it was answered 401, 403 or 406"
let_in = "the same address, or a neighbour of it, was let in at other times"

[against]
named = "your application says that the signature did not fit"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  let_in,
  signature_failed OR signature_near AS named
FROM symptoms
WHERE answer IN (401, 403, 406) AND let_in AND COALESCE(error_kind, '') <> 'signature'
