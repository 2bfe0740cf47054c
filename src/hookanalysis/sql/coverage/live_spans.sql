/* live_spans: stretches in which a receiver's log was surely being written, and lost nothing.
   grain:  one stretch of one stream, in the stream's own clock
   inputs: activity, log_holes, generations, settings

   Lines of any client must follow each other within the log's heartbeat: heartbeat_minutes, or,
   for a log with 100 silences or more to judge by, three times their 99th percentile, at most four
   times the setting. A minute that holds a lost line is left out, and none reaches across one. */
WITH spans AS (
  SELECT
    g.stream, MAX(g.layer) AS layer, MIN(a.first_at) AS starts_at, MAX(a.last_at) AS ends_at,
    SUM(a.records) AS records, FALSE AS is_hole
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver'
  GROUP BY g.stream, a.minute_at
  UNION ALL
  SELECT stream, layer, starts_at, ends_at, 0 AS records, TRUE AS is_hole FROM log_holes
),
placed_spans AS (
  SELECT
    stream, layer, starts_at, ends_at, records, is_hole,
    SUM(CASE WHEN is_hole THEN 1 ELSE 0 END) OVER so_far AS holes_before,
    MAX(CASE WHEN is_hole THEN ends_at END) OVER so_far AS hole_until,
    MAX(CASE WHEN NOT is_hole THEN ends_at END) OVER earlier AS alive_until,
    MIN(CASE WHEN is_hole THEN starts_at END) OVER from_here AS hole_from
  FROM spans
  WINDOW
    earlier AS (
      PARTITION BY stream ORDER BY starts_at NULLS LAST, is_hole NULLS LAST, ends_at NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    so_far AS (
      PARTITION BY stream ORDER BY starts_at NULLS LAST, is_hole NULLS LAST, ends_at NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ),
    from_here AS (
      PARTITION BY stream ORDER BY starts_at NULLS LAST, is_hole NULLS LAST, ends_at NULLS LAST
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    )
),
live_minutes AS (
  SELECT
    stream, layer, starts_at, ends_at, records, holes_before, hole_until, hole_from, alive_until,
    DATE_DIFF('microsecond', alive_until, starts_at) / 60000000.0 AS silence_minutes
  FROM placed_spans
  WHERE NOT is_hole
),
heartbeats AS (
  SELECT
    m.stream,
    CASE
      WHEN COUNT(m.silence_minutes) < 100 THEN MAX(s.heartbeat_minutes)
      ELSE GREATEST(MAX(s.heartbeat_minutes), LEAST(
        3 * PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY m.silence_minutes),
        4 * MAX(s.heartbeat_minutes)
      ))
    END AS heartbeat_minutes
  FROM live_minutes AS m
  CROSS JOIN settings AS s
  GROUP BY m.stream
),
stretches AS (
  SELECT
    m.stream, m.layer, m.starts_at, m.ends_at, m.records, m.holes_before, m.hole_until,
    m.hole_from,
    SUM(CASE WHEN m.silence_minutes > h.heartbeat_minutes THEN 1 ELSE 0 END) OVER (
      PARTITION BY m.stream
      ORDER BY m.starts_at NULLS LAST, m.ends_at NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS silences_before
  FROM live_minutes AS m
  JOIN heartbeats AS h ON h.stream = m.stream
)
SELECT
  layer,
  stream,
  MIN(starts_at) AS starts_at,
  MAX(ends_at) AS ends_at,
  CAST(SUM(records) AS BIGINT) AS records
FROM stretches
WHERE COALESCE(starts_at >= hole_until, TRUE) AND COALESCE(ends_at <= hole_from, TRUE)
GROUP BY layer, stream, silences_before, holes_before
