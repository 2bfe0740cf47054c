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
served = "your edge served others, and the sender got through, within a minute before and after"
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
  y.endpoint_url, y.event_uuid, y.happened_at,
  y.error_kind = 'refused'
    OR (y.logged AND NOT y.edge_alive AND NOT y.app_alive) AS down,
  y.edge_alive
    AND amid(y.happened_at, y.accepted_before, y.accepted_after, INTERVAL '1 minute') AS served
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
