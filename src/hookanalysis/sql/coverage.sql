/* coverage: when each stream can testify, and the holes between.
   grain:  one interval of one stream, in the stream's own clock
   inputs: live_spans, log_holes, export_spans, activity, generations

   Between a log's first and its last line, all that is no live span is a hole, named after what was
   lost in it; else a rotation_hole where no single file was written both before and after it, so
   that one may be absent. */
WITH logs AS (
  SELECT MAX(g.layer) AS layer, g.stream, MIN(a.first_at) AS first_at, MAX(a.last_at) AS last_at
  FROM activity AS a JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver' GROUP BY g.stream, a.generation_id
),
spans AS (
  SELECT layer, stream, starts_at, ends_at FROM live_spans
  UNION ALL
  SELECT
    MAX(layer), stream, UNNEST([MIN(first_at), MAX(last_at)]),
    UNNEST([MIN(first_at), MAX(last_at)])
  FROM logs GROUP BY stream
),
gaps_and_losses AS (
  SELECT
    layer, stream, s.ends_at AS starts_at,
    LEAD(s.starts_at) OVER (PARTITION BY stream ORDER BY s.starts_at, s.ends_at) AS ends_at,
    alias.ends_at AS place, CAST(NULL AS VARCHAR) AS reason
  FROM spans AS s
  QUALIFY alias.ends_at > alias.starts_at
  UNION ALL BY NAME
  SELECT layer, stream, starts_at, ends_at, starts_at AS place, reason FROM log_holes
),
explained_gaps AS (
  SELECT
    *,
    MAX(CASE WHEN reason = 'truncated' THEN ends_at END) OVER so_far AS cut_until,
    MAX(CASE WHEN reason = 'dst_ambiguous' THEN ends_at END) OVER so_far AS unclear_until,
    MAX(CASE WHEN reason <> 'rotation' THEN ends_at END) OVER so_far AS lost_until,
    MAX(CASE WHEN reason = 'rotation' THEN ends_at END) OVER so_far AS turned_until
  FROM gaps_and_losses
  WINDOW so_far AS (
    PARTITION BY stream ORDER BY place, reason IS NOT NULL, ends_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  'receiver' AS side, layer, stream, starts_at, ends_at, TRUE AS covered, 'all' AS completeness,
  NULL AS reason, records
FROM live_spans WHERE ends_at > starts_at
UNION ALL
SELECT
  'receiver', e.layer, e.stream, e.starts_at, e.ends_at, FALSE, 'all',
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
  END,
  0
FROM explained_gaps AS e WHERE e.reason IS NULL
UNION ALL
SELECT 'sender', NULL, stream, starts_at, ends_at, covered, completeness, reason, records
FROM export_spans
