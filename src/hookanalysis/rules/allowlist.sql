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

[[case]]
name = "refused at the edge; without a log of the application it is weak"
kind = "fires"
expect = ["blocked", "dark", "edge-only", "in-front"]
weak = ["dark", "edge-only"]
[[case.symptoms]]
event_uuid = "blocked"
http_status = 403
edge_status = 403
edge_lines = 1
app_lines = 0
app_alive = true
answer = 403
[[case.symptoms]]
event_uuid = "edge-only"
http_status = 403
edge_status = 403
edge_lines = 1
edge_alive = true
app_lines = 0
answer = 403
[[case.symptoms]]
event_uuid = "in-front"
http_status = 403
edge_lines = 0
edge_alive = true
covered = true
app_lines = 0
answer = 403
[[case.symptoms]]
event_uuid = "dark"
http_status = 403
edge_lines = 0
app_lines = 0
answer = 403

[[case]]
name = "the application itself refused, as its line or its answer shows"
kind = "silent"
expect = []
[[case.symptoms]]
event_uuid = "answer"
http_status = 401
edge_status = 401
app_lines = 0
error_kind = "signature"
answer = 401
[[case.symptoms]]
event_uuid = "app"
http_status = 403
edge_status = 403
app_lines = 1
answer = 403

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
  answer IN (401, 403, 406) AS answered,
  edge_status IN (401, 403, 406)
    OR (edge_lines = 0 AND covered) AS outside,
  app_alive OR (edge_lines = 0 AND edge_alive) AS unseen
FROM symptoms
WHERE answer IN (401, 403, 406) AND app_lines = 0 AND COALESCE(error_kind, '') <> 'signature'
