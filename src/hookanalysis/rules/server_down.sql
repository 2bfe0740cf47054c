/*---
id = "server_down"
title = "Your server was down"
guide_step = "Verify Server is Running"
cause = "receiver"
severity = "critical"
place = 24
explain = """
The sender's connection was refused, or got no answer while your own logs fell silent too: nothing
was listening at your address. Nothing of these events arrived at that time."""
next_check = """
See why the server or its service stopped at these times: a release, a restart, a full disk, lack
of memory. Let it start by itself and have it watched. Then resend those events that have not
arrived since: a resend cannot duplicate them."""

[requires]
down = "the connection was refused, or failed while your logs were silent"
absent = "none of your logs has the request"

[against]
served = "your edge served others in that minute"

[[case]]
name = "refused; or unanswered while all is silent; an edge that serves others contradicts"
kind = "fires"
expect = ["alive", "refused", "silent"]
weak = ["alive"]
[[case.symptoms]]
event_uuid = "refused"
status = "failed"
error_kind = "refused"
edge_lines = 0
app_lines = 0
logged = true
edge_alive = false
app_alive = false
[[case.symptoms]]
event_uuid = "silent"
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
logged = true
edge_alive = false
app_alive = false
[[case.symptoms]]
event_uuid = "alive"
status = "failed"
error_kind = "refused"
edge_lines = 0
app_lines = 0
logged = true
edge_alive = true
app_alive = true

[[case]]
name = "unanswered while the server lives, or without any log"
kind = "silent"
expect = []
[[case.symptoms]]
event_uuid = "wall"
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
logged = true
edge_alive = false
app_alive = true
[[case.symptoms]]
event_uuid = "dark"
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
logged = false
edge_alive = false
app_alive = false

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
  error_kind = 'refused'
    OR (logged AND NOT edge_alive AND NOT app_alive) AS down,
  edge_lines + app_lines = 0 AS absent,
  edge_alive AS served
FROM symptoms
WHERE status = 'failed' AND http_status IS NULL AND edge_lines + app_lines = 0
  AND (
    error_kind = 'refused'
    OR (error_kind IN ('timeout', 'other') AND logged AND NOT edge_alive AND NOT app_alive)
  )
