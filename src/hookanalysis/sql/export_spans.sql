/* export_spans: when each of the sender's exports lists all attempts of its kind, and when not.
   grain:  one interval of one export
   inputs: attempt_records, generations, export_orders, settings

   An export testifies from its first to its last row. If rows are in order of time, a rejected row
   lies between its neighbours, and a cut took what lies beyond the last row (and, maybe, part of
   its minute); out of order, a lost row may be of any time. What is older at
   the export's end than retention_days (the format's, else the settings') was forgotten by the
   sender, unless the export shows such attempts. */
WITH exports AS (
  SELECT
    r.generation_id, MAX(g.stream) AS stream, MAX(g.completeness) AS completeness,
    MAX(g.retention_days) AS retention_days,
    MIN(COALESCE(r.attempted_at, r.created_at)) AS first_at,
    MAX(COALESCE(r.attempted_at, r.created_at)) AS last_at,
    MIN(r.attempted_at) AS first_attempt_at, COUNT(*) AS records
  FROM attempt_records AS r
  JOIN generations AS g ON g.generation_id = r.generation_id
  GROUP BY r.generation_id
),
pieces AS (
  SELECT
    generation_id, piece, MIN(moment) AS starts_at, MAX(moment) AS ends_at, COUNT(*) AS records,
    MAX(cut) AS cut, BOOL_AND(rising) AS rising, BOOL_AND(falling) AS falling
  FROM export_orders
  GROUP BY generation_id, piece
),
bounds AS (
  SELECT
    e.generation_id, e.stream, e.completeness, p.cut, p.rising OR p.falling AS in_order,
    GREATEST(e.first_at, LEAST(
      e.last_at - COALESCE(e.retention_days, s.retention_days) * INTERVAL '1 day',
      COALESCE(e.first_attempt_at, e.first_at)
    )) AS remembered_from,
    COALESCE(p.starts_at, e.first_at) AS piece_from,
    COALESCE(p.ends_at, e.last_at) AS piece_until,
    e.first_at + CASE WHEN p.cut IS NOT NULL AND p.falling THEN s.settle_seconds ELSE 0 END
      * INTERVAL '1 second' AS uncut_from,
    e.last_at - CASE WHEN p.cut IS NOT NULL AND NOT p.falling THEN s.settle_seconds ELSE 0 END
      * INTERVAL '1 second' AS uncut_until,
    COALESCE(p.records, e.records) AS records
  FROM exports AS e
  CROSS JOIN settings AS s
  LEFT JOIN pieces AS p ON p.generation_id = e.generation_id
),
spans AS (
  SELECT
    generation_id, GREATEST(piece_from, remembered_from, uncut_from) AS starts_at,
    LEAST(piece_until, uncut_until) AS ends_at, records
  FROM bounds
  WHERE COALESCE(in_order, TRUE)
    AND GREATEST(piece_from, remembered_from, uncut_from) <= LEAST(piece_until, uncut_until)
  UNION ALL
  SELECT generation_id, first_at AS starts_at, first_at AS ends_at, 0 AS records FROM exports
  UNION ALL
  SELECT generation_id, last_at AS starts_at, last_at AS ends_at, 0 AS records FROM exports
),
intervals AS (
  SELECT generation_id, starts_at, ends_at, records, TRUE AS covered FROM spans
  WHERE records > 0
  UNION ALL
  SELECT
    generation_id, ends_at AS starts_at,
    LEAD(starts_at) OVER (
      PARTITION BY generation_id
      ORDER BY starts_at NULLS LAST, ends_at NULLS LAST, records NULLS LAST
    ) AS ends_at,
    0 AS records, FALSE AS covered
  FROM spans
)
SELECT DISTINCT
  b.stream, i.starts_at, i.ends_at, i.covered, b.completeness,
  CASE
    WHEN i.covered THEN NULL
    WHEN NOT b.in_order THEN COALESCE(b.cut, 'rejected_lines')
    WHEN i.ends_at <= b.remembered_from THEN 'sender_window'
    WHEN i.ends_at <= b.uncut_from OR i.starts_at >= b.uncut_until THEN b.cut
    ELSE 'rejected_lines'
  END AS reason,
  i.records
FROM intervals AS i
JOIN bounds AS b ON b.generation_id = i.generation_id
WHERE i.covered OR i.ends_at > i.starts_at
