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

[against]
quiet = "the sender made no attempt in that time either"
---*/
SELECT
  starts_at AS happened_at,
  ends_at,
  'stream=' || stream || ' until=' || STRFTIME(ends_at, '%Y-%m-%dT%H:%M')
    || ' hole=' || COALESCE(reason, 'truncated') AS what,
  EXISTS (SELECT 1 FROM endpoint_hours) AND NOT EXISTS (
    SELECT 1 FROM endpoint_hours AS h
    WHERE h.attempts > 0 AND h.hour_at <= coverage.ends_at
      AND h.hour_at + INTERVAL '1 hour' >= coverage.starts_at
  ) AS quiet
FROM coverage
WHERE side = 'receiver' AND NOT covered AND COALESCE(reason, '') <> 'rotation'
