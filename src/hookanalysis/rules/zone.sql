/*---
id = "zone"
title = "A log or an export was read in a wrong time zone"
guide_step = "Best practices"
cause = "logs"
severity = "warning"
place = 61
explain = """
The times of this log are off the sender's by whole quarter-hours, which no clock is by itself: the
times of one side were read in another zone than they were written in. While that is so, no event is
called missed on this log's word."""
next_check = """
Find out in which zone the server, or the person who made the export, writes its times, and read
that side again by it: `load --again --timezone`, or timezone under [[sources]] in the settings and
`load --again`. Then reconcile again; what it says of a wrong zone names the command."""

[requires]
measured = "the difference was measured on at least five pairs of an attempt and a line"
whole = "it is whole quarter-hours"

[against]
written = "all times of both sides name their zone, so it is rather the server's own clock"
---*/
SELECT
  CAST(first_day AS TIMESTAMP) AS happened_at,
  CAST(last_day AS TIMESTAMP) + INTERVAL '1 day' AS ends_at,
  'stream=' || stream || ' minutes=' || minutes AS what,
  pairs >= 5 AS measured,
  log_zone IS NULL AND export_zone IS NULL AS written
FROM zone_errors
WHERE minutes IS NOT NULL
