/* zone_errors: logs whose times are off the exports' by whole quarter-hours: a zone was mistaken.
   grain:  one stream
   inputs: clock_offsets, generations

   Which side was misread: the one whose times name no zone, if the other's do; else the side that
   stands alone, where several logs agree with each other. A zone further east shows later times. */
WITH measured AS (
  SELECT stream, day, pairs, zone_error_minutes
  FROM clock_offsets WHERE method IN ('daily_median', 'pooled_median', 'times')
),
errors AS (
  SELECT
    stream, ARG_MAX(zone_error_minutes, (pairs, zone_error_minutes)) AS minutes, SUM(pairs) AS pairs,
    MIN(day) AS first_day, MAX(day) AS last_day
  FROM measured WHERE zone_error_minutes IS NOT NULL
  GROUP BY stream
),
zones AS (
  SELECT
    g.side, CASE WHEN g.side = 'receiver' THEN g.stream ELSE '' END AS stream,
    MAX(g.timezone) AS timezone
  FROM generations AS g GROUP BY ALL
),
others AS (
  SELECT
    e.stream,
    COUNT(DISTINCT CASE WHEN x.stream IS NULL THEN m.stream END) AS right_logs,
    COUNT(DISTINCT CASE WHEN x.minutes = e.minutes AND x.stream <> e.stream THEN m.stream END)
      AS like_logs
  FROM errors AS e
  CROSS JOIN measured AS m
  LEFT JOIN errors AS x ON x.stream = m.stream
  GROUP BY e.stream
)
SELECT
  e.stream, e.minutes, CAST(e.pairs AS BIGINT) AS pairs, e.first_day, e.last_day,
  CASE
    WHEN l.timezone IS NOT NULL AND s.timezone IS NULL THEN 'log'
    WHEN l.timezone IS NULL AND s.timezone IS NOT NULL THEN 'export'
    WHEN o.right_logs > 0 AND o.like_logs = 0 THEN 'log'
    WHEN o.like_logs > 0 AND o.right_logs = 0 THEN 'export'
    ELSE 'either'
  END AS suspect,
  l.timezone AS log_zone, s.timezone AS export_zone
FROM errors AS e JOIN others AS o ON o.stream = e.stream
LEFT JOIN zones AS l ON l.side = 'receiver' AND l.stream = e.stream
LEFT JOIN zones AS s ON s.side = 'sender'
