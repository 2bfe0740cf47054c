/*---
id = "server_down"
title = "Your server was down"
guide_step = "Verify Server is Running"
cause = "receiver"
severity = "critical"
place = 24
explain = """
The sender's connection was refused, or got no answer while your own logs fell silent too: nothing
was listening at your address."""
next_check = """
See why the server or its service stopped at these times: a release, a restart, a full disk, lack
of memory. Let it start by itself and have it watched. Then resend the events that the resend list
names: it leaves out those that arrived since, and those of which the logs cannot tell."""

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
name = "while your logs were silent, the sender was answered: they lack lines, and prove nothing"
kind = "silent"
expect = []
[[case.coverage]]
side = "receiver"
covered = false
starts_at = 2026-11-20T11:00:00
ends_at = 2026-11-20T12:00:00
[[case.symptoms]]
event_uuid = "unknown"
endpoint_url = "u"
happened_at = 2026-11-20T11:34:00
status = "failed"
error_kind = "timeout"
edge_lines = 0
app_lines = 0
logged = true
edge_alive = false
app_alive = false
[[case.symptoms]]
event_uuid = "answered"
endpoint_url = "u"
happened_at = 2026-11-20T11:09:00
status = "failed"
http_status = 503
edge_lines = 0
app_lines = 0
logged = true
edge_alive = false
app_alive = false

[[case]]
name = "nothing is known of it"
kind = "null"
expect = []
symptoms = [{ event_uuid = "nothing" }]
---*/
WITH lost_answers AS (
  SELECT y.endpoint_url, c.starts_at, c.ends_at
  FROM symptoms AS y
  JOIN coverage AS c
    ON c.side = 'receiver' AND NOT c.covered
    AND y.happened_at BETWEEN c.starts_at AND c.ends_at
  WHERE y.http_status IS NOT NULL AND y.edge_lines + y.app_lines = 0
)
SELECT
  y.endpoint_url,
  y.event_uuid,
  y.happened_at,
  y.error_kind = 'refused'
    OR (y.logged AND NOT y.edge_alive AND NOT y.app_alive) AS down,
  y.edge_lines + y.app_lines = 0 AS absent,
  y.edge_alive AS served
FROM symptoms AS y
WHERE y.status = 'failed' AND y.http_status IS NULL AND y.edge_lines + y.app_lines = 0
  AND (
    y.error_kind = 'refused'
    OR (
      y.error_kind IN ('timeout', 'other') AND y.logged AND NOT y.edge_alive AND NOT y.app_alive
      AND NOT EXISTS (
        SELECT 1 FROM lost_answers AS l
        WHERE l.endpoint_url = y.endpoint_url AND y.happened_at BETWEEN l.starts_at AND l.ends_at
      )
    )
  )
