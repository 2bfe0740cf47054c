/* log_holes: the times of a receiver's log about which a line was lost.
   grain:  one stretch between two readable lines of one stream
   inputs: activity, rejects, generations, files

   rejected_lines: a rejected line lies between the readable lines before and after it; at the edge
   of a log, between that log and its neighbour. truncated: a damaged log has lost what follows.
   suppressed: a line says that the ones before it were dropped, or that nothing could be written.
   dst_ambiguous: of an hour that the clock showed twice, one does not know which was logged.
   rotation: where a log was copied and then emptied, what was written in between is in neither file.
   The settings call a log so (copytruncate), or zeros at the beginning of a file do: more than a
   byte-order mark has. Of a silence of more than a minute, that moment is as good as nothing. */
WITH receiver_activity AS (
  SELECT a.*, g.stream, g.layer
  FROM activity AS a JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver'
),
logs AS (
  SELECT
    generation_id, stream, MAX(layer) AS layer, MIN(first_at) AS first_at, MAX(last_at) AS last_at,
    LAG(MAX(last_at)) OVER in_time AS earlier_at, LEAD(MIN(first_at)) OVER in_time AS later_at
  FROM receiver_activity GROUP BY generation_id, stream
  WINDOW in_time AS (
    PARTITION BY stream ORDER BY MIN(first_at), MAX(last_at), generation_id
  )
),
streams AS (
  SELECT stream, MIN(first_at) AS first_at, MAX(last_at) AS last_at FROM logs GROUP BY stream
),
places AS (
  SELECT generation_id, UNNEST([first_line, last_line]) AS line,
    UNNEST([first_at, last_at]) AS known_at, NULL AS reason
  FROM activity
  UNION ALL
  SELECT generation_id, line, NULL, CASE reason WHEN 'suppressed' THEN reason ELSE 'rejected_lines' END FROM rejects
  UNION ALL
  SELECT generation_id, loaded_lines + 1, NULL, 'truncated'
  FROM generations WHERE integrity = 'truncated'
),
bracketed_places AS (
  SELECT
    generation_id, reason,
    LAST_VALUE(known_at IGNORE NULLS) OVER (
      PARTITION BY generation_id ORDER BY line, known_at DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS before_at,
    FIRST_VALUE(known_at IGNORE NULLS) OVER (
      PARTITION BY generation_id ORDER BY line, known_at DESC
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS after_at
  FROM places
  WHERE generation_id IN (SELECT generation_id FROM places WHERE reason IS NOT NULL)
),
holes AS (
  SELECT DISTINCT
    g.layer, g.stream, p.reason,
    COALESCE(p.before_at, l.earlier_at, l.first_at, s.first_at) AS before_at,
    COALESCE(p.after_at, l.later_at, l.last_at, s.last_at) AS after_at
  FROM bracketed_places AS p
  JOIN generations AS g ON g.generation_id = p.generation_id AND g.side = 'receiver'
  JOIN streams AS s ON s.stream = g.stream
  LEFT JOIN logs AS l ON l.generation_id = p.generation_id
  WHERE p.reason IS NOT NULL
)
SELECT
  layer, stream, LEAST(before_at, after_at)
    - CASE reason WHEN 'suppressed' THEN INTERVAL '1 minute' ELSE INTERVAL '0 seconds' END AS starts_at,
  GREATEST(before_at, after_at) AS ends_at, reason
FROM holes
UNION ALL
SELECT layer, stream, last_at, later_at, 'rotation'
FROM logs
WHERE later_at BETWEEN last_at AND last_at + INTERVAL '1 minute'
  AND stream IN (
    SELECT g.stream
    FROM generations AS g
    LEFT JOIN files AS f ON f.generation_id = g.generation_id
    WHERE g.side = 'receiver' AND (g.completeness = 'copytruncate' OR f.stripped_bytes > 3)
  )
UNION ALL
SELECT MAX(layer), stream, MIN(first_at), MAX(later_at), 'dst_ambiguous'
FROM receiver_activity WHERE later_at IS NOT NULL
GROUP BY stream, CAST(minute_at AS DATE)
