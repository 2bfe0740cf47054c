/*---
id = "silence"
title = "No log, or no export, tells of a whole day"
guide_step = "Best practices"
cause = "logs"
severity = "critical"
place = 82
explain = """
Nothing that is loaded from one of the two sides tells of these days: no line, no row, and no time
between them that it covers. What was sent or what arrived then was not checked, however good the
other numbers look."""
next_check = """
See why nothing came: the log was moved, renamed or no longer written, its copy failed, or nobody
exported the sender's log. Load what there is; `hookanalysis status` tells of each source until when
it reaches. Then reconcile again."""

[requires]
silent = "one side tells nothing of a whole day"

[against]
quiet = "the sender's exports cover these days, and it sent nothing"
---*/
WITH days AS (
  SELECT UNNEST(RANGE(
    DATE_TRUNC('day', step_of(CAST($since AS TIMESTAMP), 'microsecond', $zone)
      + INTERVAL '1 day' - INTERVAL '1 microsecond'),
    step_of(CAST($until AS TIMESTAMP), 'microsecond', $zone)
      - INTERVAL '1 day' + INTERVAL '1 microsecond',
    INTERVAL '1 day'
  )) AS local_at
),
sides AS (
  SELECT
    UNNEST(['receiver', 'sender']) AS side, timezone('UTC', timezone($zone, local_at)) AS starts_at,
    timezone('UTC', timezone($zone, local_at + INTERVAL '1 day')) AS ends_at
  FROM days
),
written AS (
  SELECT g.side, MIN(a.first_at) AS starts_at, MAX(a.last_at) AS ends_at
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  GROUP BY g.side, TIME_BUCKET(INTERVAL '15 minutes', a.minute_at)
),
spans AS (
  SELECT side, starts_at, ends_at FROM written
  UNION ALL
  SELECT side, starts_at, ends_at FROM coverage WHERE covered
),
silent_days AS (
  SELECT
    d.side, d.starts_at, d.ends_at,
    MAX(CASE WHEN s.ends_at < d.starts_at THEN s.ends_at END) AS since_at,
    MIN(CASE WHEN s.starts_at >= d.ends_at THEN s.starts_at END) AS until_at
  FROM sides AS d
  LEFT JOIN spans AS s ON s.side = d.side
  GROUP BY d.side, d.starts_at, d.ends_at
  HAVING COALESCE(BOOL_AND(s.ends_at < d.starts_at OR s.starts_at >= d.ends_at), TRUE)
),
silences AS (
  SELECT
    side, since_at, until_at, MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
    CASE WHEN side = 'sender' THEN 'exports' ELSE 'logs' END AS what
  FROM silent_days
  GROUP BY side, since_at, until_at
)
SELECT
  starts_at AS happened_at,
  ends_at - INTERVAL '1 microsecond' AS ends_at,
  CONCAT_WS(
    ' ', what || '_since=' || STRFTIME(since_at, '%Y-%m-%dT%H:%M'),
    what || '_until=' || STRFTIME(until_at, '%Y-%m-%dT%H:%M'),
    CASE WHEN COALESCE(since_at, until_at) IS NULL THEN what || '=no' END
  ) AS what,
  side = 'receiver'
    AND EXISTS (
      SELECT 1 FROM coverage AS c
      WHERE c.side = 'sender' AND c.covered AND c.completeness = 'all'
        AND c.starts_at <= silences.starts_at AND c.ends_at >= silences.ends_at
    )
    AND NOT EXISTS (
      SELECT 1 FROM written AS w
      WHERE w.side = 'sender' AND w.starts_at < silences.ends_at AND w.ends_at >= silences.starts_at
    ) AS quiet
FROM silences
