/*---
id = "unchecked"
title = "Far fewer webhooks could be checked than usual"
guide_step = "Best practices"
cause = "logs"
severity = "critical"
place = 83
explain = """
On these days the logs could tell of less than half of the share of webhooks of which they usually
tell. Part of a source is absent: the log of one host, a few hours of a log, or half of an export."""
next_check = """
Look at what could not be known, and at what closes the gap: it names the source. Load it, and
reconcile again; `hookanalysis status` tells of each source until when it reaches."""

[requires]
fell = "less than half of the usual share could be checked, against three days or more of four weeks"

[against]
few = "fewer than thirty webhooks were sent on the day"
---*/
WITH days AS (
  SELECT
    step_of(happened_at, 'day', $zone) AS local_at, COUNT(*) AS judged,
    COUNT(*) FILTER (outcome <> 'undetermined') AS checked
  FROM judged(CAST($since AS TIMESTAMP) - INTERVAL '29 days', $until, NULL, NULL)
  WHERE counted
  GROUP BY local_at HAVING COUNT(*) >= 5
),
compared_days AS (
  SELECT
    *, timezone('UTC', timezone($zone, local_at)) AS starts_at,
    MEDIAN(checked / judged) OVER earlier AS usual, COUNT(*) OVER earlier AS days
  FROM days
  WINDOW earlier AS (
    ORDER BY local_at
    RANGE BETWEEN INTERVAL '28 days' PRECEDING AND INTERVAL '1 day' PRECEDING
  )
)
SELECT
  starts_at AS happened_at,
  starts_at + INTERVAL '1 day' - INTERVAL '1 microsecond' AS ends_at,
  'day=' || STRFTIME(local_at, '%Y-%m-%d') || ' checked=' || checked || ' judged=' || judged
    || ' usual=' || CAST(ROUND(100 * usual) AS INTEGER) AS what,
  judged < 30 AS few
FROM compared_days
WHERE in_period(starts_at, $since, $until)
  AND days >= 3 AND usual >= 0.5 AND checked / judged < usual / 2
