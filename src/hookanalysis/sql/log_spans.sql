/* log_spans: when each of the receiver's logs can testify, and the holes between.
   grain:  one interval of one stream, in the stream's own clock
   inputs: live_spans, log_holes, activity, generations

   Between a log's first and its last line, all that is no live span is a hole: a rotation_hole
   where no single file was written both before and after it, so that one may be absent. */
WITH logs AS (
  SELECT
    MAX(g.layer) AS layer, g.stream, MIN(a.first_at) AS first_at, MAX(a.last_at) AS last_at
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver'
  GROUP BY g.stream, a.generation_id
),
log_ends AS (
  SELECT MAX(layer) AS layer, stream, MIN(first_at) AS first_at, MAX(last_at) AS last_at
  FROM logs
  GROUP BY stream
),
spans AS (
  SELECT layer, stream, starts_at, ends_at FROM live_spans
  UNION ALL
  SELECT layer, stream, first_at AS starts_at, first_at AS ends_at FROM log_ends
  UNION ALL
  SELECT layer, stream, last_at AS starts_at, last_at AS ends_at FROM log_ends
),
gaps AS (
  SELECT
    layer, stream, ends_at AS starts_at,
    LEAD(starts_at) OVER (
      PARTITION BY stream ORDER BY starts_at NULLS LAST, ends_at NULLS LAST
    ) AS ends_at
  FROM spans
),
gaps_and_losses AS (
  SELECT
    layer, stream, starts_at, ends_at, ends_at AS place, FALSE AS is_loss,
    CAST(NULL AS TIMESTAMP) AS lost_until, CAST(NULL AS TIMESTAMP) AS cut_until,
    CAST(NULL AS TIMESTAMP) AS unclear_until, CAST(NULL AS TIMESTAMP) AS turned_until
  FROM gaps
  WHERE ends_at > starts_at
  UNION ALL
  SELECT
    layer, stream, starts_at, ends_at, starts_at AS place, TRUE AS is_loss,
    CASE WHEN reason <> 'rotation' THEN ends_at END AS lost_until,
    CASE WHEN reason = 'truncated' THEN ends_at END AS cut_until,
    CASE WHEN reason = 'dst_ambiguous' THEN ends_at END AS unclear_until,
    CASE WHEN reason = 'rotation' THEN ends_at END AS turned_until
  FROM log_holes
),
explained_gaps AS (
  SELECT
    layer, stream, starts_at, ends_at, is_loss,
    MAX(lost_until) OVER so_far AS lost_until, MAX(cut_until) OVER so_far AS cut_until,
    MAX(unclear_until) OVER so_far AS unclear_until,
    MAX(turned_until) OVER so_far AS turned_until
  FROM gaps_and_losses
  WINDOW so_far AS (
    PARTITION BY stream ORDER BY place NULLS LAST, is_loss NULLS LAST, ends_at NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  layer, stream, starts_at, ends_at, TRUE AS covered, NULL AS reason, records
FROM live_spans
WHERE ends_at > starts_at
UNION ALL
SELECT
  e.layer, e.stream, e.starts_at, e.ends_at, FALSE AS covered,
  CASE
    WHEN e.cut_until > e.starts_at THEN 'truncated'
    WHEN e.unclear_until > e.starts_at THEN 'dst_ambiguous'
    WHEN e.lost_until > e.starts_at THEN 'rejected_lines'
    WHEN e.turned_until > e.starts_at THEN 'rotation'
    WHEN NOT EXISTS (
      SELECT 1 FROM logs AS l
      WHERE l.stream = e.stream AND l.first_at <= e.starts_at AND l.last_at >= e.ends_at
    ) THEN 'rotation_hole'
    ELSE 'no_liveness'
  END AS reason,
  0 AS records
FROM explained_gaps AS e
WHERE NOT e.is_loss
