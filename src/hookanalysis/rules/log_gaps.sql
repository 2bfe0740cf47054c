/*---
id = "log_gaps"
title = "Your own logs have gaps"
guide_step = "Best practices"
cause = "logs"
severity = "info"
place = 44
explain = """
For some time within them, these logs cannot testify: nothing at all was written, or lines could
not be read. Whatever happened then can be neither proven nor excluded."""
next_check = """
Look for the missing file: a rotated or archived one, or that of another host. If the log was not
written, see why: a full disk, a crash, a wrong level. A line a minute from a health check keeps
the coverage provable."""

[requires]
hole = "the coverage of the log has a hole between two times at which it was written"

[[case]]
name = "a hole in a receiver's log"
kind = "fires"
expect = [""]
[[case.coverage]]
side = "receiver"
stream = "access.log"
starts_at = 2026-11-20T10:00:00
ends_at = 2026-11-20T11:00:00
covered = false
reason = "no_liveness"

[[case]]
name = "covered, or the sender's, or just rotated"
kind = "silent"
expect = []
[[case.coverage]]
side = "receiver"
stream = "access.log"
starts_at = 2026-11-20T10:59:59
ends_at = 2026-11-20T11:00:01
covered = false
reason = "rotation"
[[case.coverage]]
side = "receiver"
stream = "access.log"
starts_at = 2026-11-20T10:00:00
ends_at = 2026-11-20T11:00:00
covered = true
[[case.coverage]]
side = "sender"
stream = "export"
starts_at = 2026-11-20T10:00:00
ends_at = 2026-11-20T11:00:00
covered = false

[[case]]
name = "no coverage is known"
kind = "null"
expect = []
coverage = [{ stream = "access.log" }]
---*/
SELECT
  '' AS endpoint_url,
  CAST(NULL AS VARCHAR) AS event_uuid,
  starts_at AS happened_at,
  ends_at,
  stream || ': until ' || CAST(DATE_TRUNC('minute', ends_at) AS VARCHAR)
    || CASE reason
      WHEN 'no_liveness' THEN ', nothing was written'
      WHEN 'rejected_lines' THEN ', lines could not be read'
      ELSE ', its end is damaged'
    END AS what,
  TRUE AS hole
FROM coverage
WHERE side = 'receiver' AND NOT covered AND COALESCE(reason, '') <> 'rotation'
