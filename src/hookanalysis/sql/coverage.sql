/* coverage: when each stream can testify, and the holes between.
   grain:  one interval of one stream, in the stream's own clock
   inputs: live_spans, log_holes, activity, generations, attempt_records

   A receiver's log testifies in its live spans; between its first and its last line all else is a
   hole. A sender's export testifies from its first to its last attempt (or event, where it lists
   no more), as completely as it says. */
WITH log_ends AS (
  SELECT MAX(g.layer) AS layer, g.stream, MIN(a.first_at) AS first_at, MAX(a.last_at) AS last_at
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  WHERE g.side = 'receiver'
  GROUP BY g.stream
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
    CAST(NULL AS TIMESTAMP) AS lost_until, CAST(NULL AS TIMESTAMP) AS cut_until
  FROM gaps
  WHERE ends_at > starts_at
  UNION ALL
  SELECT
    layer, stream, starts_at, ends_at, starts_at AS place, TRUE AS is_loss,
    ends_at AS lost_until, CASE WHEN reason = 'truncated' THEN ends_at END AS cut_until
  FROM log_holes
),
explained_gaps AS (
  SELECT
    layer, stream, starts_at, ends_at, is_loss,
    MAX(lost_until) OVER so_far AS lost_until,
    MAX(cut_until) OVER so_far AS cut_until
  FROM gaps_and_losses
  WINDOW so_far AS (
    PARTITION BY stream ORDER BY place NULLS LAST, is_loss NULLS LAST, ends_at NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  'receiver' AS side, layer, stream, starts_at, ends_at, TRUE AS covered, 'all' AS completeness,
  NULL AS reason, records
FROM live_spans
WHERE ends_at > starts_at
UNION ALL
SELECT
  'receiver' AS side, layer, stream, starts_at, ends_at, FALSE AS covered, 'all' AS completeness,
  CASE
    WHEN cut_until > starts_at THEN 'truncated'
    WHEN lost_until > starts_at THEN 'rejected_lines'
    ELSE 'no_liveness'
  END AS reason,
  0 AS records
FROM explained_gaps
WHERE NOT is_loss
UNION ALL
SELECT
  'sender' AS side, NULL AS layer, MAX(g.stream) AS stream,
  MIN(COALESCE(r.attempted_at, r.created_at)) AS starts_at,
  MAX(COALESCE(r.attempted_at, r.created_at)) AS ends_at,
  TRUE AS covered, MAX(g.completeness) AS completeness, NULL AS reason, COUNT(*) AS records
FROM attempt_records AS r
JOIN generations AS g ON g.generation_id = r.generation_id
GROUP BY r.generation_id
