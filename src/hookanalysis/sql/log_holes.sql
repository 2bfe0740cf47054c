/* log_holes: the times of a receiver's log about which a line was lost.
   grain:  one stretch between two readable lines of one stream
   inputs: activity, rejects, generations, rotations

   A rejected line lies between the readable lines before and after it; at the edge of a log,
   between that log and its neighbour. A damaged (truncated) log has lost what follows its end.
   Of an hour that the clock showed twice (dst_ambiguous), one does not know which was logged.
   Where a log was copied and emptied (rotation), what was written in between is lost. */
WITH readable_logs AS (
  SELECT g.stream, a.generation_id, MIN(a.first_at) AS first_at, MAX(a.last_at) AS last_at
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver'
  GROUP BY g.stream, a.generation_id
),
neighbours AS (
  SELECT
    generation_id, first_at, last_at,
    LAG(last_at) OVER (
      PARTITION BY stream ORDER BY first_at NULLS LAST, last_at NULLS LAST, generation_id NULLS LAST
    ) AS earlier_at,
    LEAD(first_at) OVER (
      PARTITION BY stream ORDER BY first_at NULLS LAST, last_at NULLS LAST, generation_id NULLS LAST
    ) AS later_at
  FROM readable_logs
),
stream_bounds AS (
  SELECT stream, MIN(first_at) AS first_at, MAX(last_at) AS last_at
  FROM readable_logs
  GROUP BY stream
),
places AS (
  SELECT generation_id, first_line AS line, first_at AS known_at, NULL AS reason FROM activity
  UNION ALL
  SELECT generation_id, last_line AS line, last_at AS known_at, NULL AS reason FROM activity
  UNION ALL
  SELECT generation_id, line, NULL AS known_at, 'rejected_lines' AS reason FROM rejects
  UNION ALL
  SELECT generation_id, loaded_lines + 1 AS line, NULL AS known_at, 'truncated' AS reason
  FROM generations
  WHERE integrity = 'truncated'
),
bracketed_places AS (
  SELECT
    generation_id, reason,
    LAST_VALUE(known_at IGNORE NULLS) OVER (
      PARTITION BY generation_id ORDER BY line NULLS LAST, known_at DESC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS before_at,
    FIRST_VALUE(known_at IGNORE NULLS) OVER (
      PARTITION BY generation_id ORDER BY line NULLS LAST, known_at DESC NULLS LAST
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS after_at
  FROM places
),
holes AS (
  SELECT DISTINCT
    g.layer, g.stream, p.reason,
    COALESCE(p.before_at, n.earlier_at, n.first_at, b.first_at) AS before_at,
    COALESCE(p.after_at, n.later_at, n.last_at, b.last_at) AS after_at
  FROM bracketed_places AS p
  JOIN generations AS g ON g.generation_id = p.generation_id
  JOIN stream_bounds AS b ON b.stream = g.stream
  LEFT JOIN neighbours AS n ON n.generation_id = p.generation_id
  WHERE p.reason IS NOT NULL AND g.side = 'receiver'
)
SELECT
  layer,
  stream,
  LEAST(before_at, after_at) AS starts_at,
  GREATEST(before_at, after_at) AS ends_at,
  reason
FROM holes
UNION ALL
SELECT layer, stream, starts_at, ends_at, 'rotation' AS reason
FROM rotations
UNION ALL
SELECT
  MAX(g.layer) AS layer, g.stream, MIN(a.first_at) AS starts_at, MAX(a.later_at) AS ends_at,
  'dst_ambiguous' AS reason
FROM activity AS a
JOIN generations AS g ON g.generation_id = a.generation_id
WHERE g.side = 'receiver' AND a.later_at IS NOT NULL
GROUP BY g.stream, CAST(a.minute_at AS DATE)
