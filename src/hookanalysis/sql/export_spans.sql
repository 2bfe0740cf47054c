/* export_spans: when each of the sender's exports lists all attempts of its kind, and when not.
   grain:  one interval of one export
   inputs: attempt_records, generations, rejects, settings

   An export testifies from its first to its last row. It may be cut: truncated (a damaged end), or
   sender_capped (a round number of rows is what a page limit leaves). If rows are in order of time,
   a rejected row lies between its neighbours, which end one piece of it and begin the next, and a
   cut took what lies beyond the last row (and, maybe, part of its minute); out of order, a lost row
   may be of any time. What is older at the export's end than retention_days (the format's, else the
   settings') was forgotten by the sender, unless the export shows such attempts. */
WITH exports AS (
  SELECT
    r.generation_id, MAX(g.stream) AS stream, MAX(g.completeness) AS completeness,
    MAX(g.retention_days) AS retention_days,
    MIN(COALESCE(r.attempted_at, r.created_at)) AS first_at,
    MAX(COALESCE(r.attempted_at, r.created_at)) AS last_at,
    MIN(r.attempted_at) AS first_attempt_at, COUNT(*) AS records,
    CASE
      WHEN MAX(g.integrity) = 'truncated' THEN 'truncated'
      WHEN COUNT(*) IN (100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 50000, 100000)
        THEN 'sender_capped'
    END AS cut
  FROM attempt_records AS r JOIN generations AS g ON g.generation_id = r.generation_id
  GROUP BY r.generation_id
),
places AS (
  SELECT generation_id, line, byte_offset, COALESCE(attempted_at, created_at) AS moment, 0 AS lost
  FROM attempt_records
  UNION ALL
  SELECT generation_id, line, byte_offset, NULL, 1 FROM rejects
),
ordered_places AS (
  SELECT
    generation_id, p.moment,
    SUM(p.lost) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS piece,
    LAST_VALUE(p.moment IGNORE NULLS)
      OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_at
  FROM places AS p JOIN exports AS e USING (generation_id)
  WHERE e.cut IS NOT NULL OR generation_id IN (SELECT generation_id FROM rejects)
  WINDOW in_order AS (PARTITION BY generation_id ORDER BY p.line, p.byte_offset, p.lost)
),
pieces AS (
  SELECT
    generation_id, MIN(moment) AS starts_at, MAX(moment) AS ends_at, COUNT(*) AS records,
    BOOL_AND(BOOL_AND(COALESCE(moment >= earlier_at, TRUE))) OVER (PARTITION BY generation_id)
      AS rising,
    BOOL_AND(BOOL_AND(COALESCE(moment <= earlier_at, TRUE))) OVER (PARTITION BY generation_id)
      AS falling
  FROM ordered_places WHERE moment IS NOT NULL
  GROUP BY generation_id, piece
),
bounds AS (
  SELECT
    e.generation_id, e.stream, e.completeness, e.cut, p.rising OR p.falling AS in_order,
    GREATEST(e.first_at, LEAST(
      e.last_at - COALESCE(e.retention_days, s.retention_days) * INTERVAL '1 day',
      COALESCE(e.first_attempt_at, e.first_at)
    )) AS remembered_from,
    COALESCE(p.starts_at, e.first_at) AS piece_from,
    COALESCE(p.ends_at, e.last_at) AS piece_until,
    e.first_at + CASE WHEN e.cut IS NOT NULL AND p.falling THEN s.settle_seconds ELSE 0 END
      * INTERVAL '1 second' AS uncut_from,
    e.last_at - CASE WHEN e.cut IS NOT NULL AND NOT p.falling THEN s.settle_seconds ELSE 0 END
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
  SELECT generation_id, UNNEST([first_at, last_at]), UNNEST([first_at, last_at]), 0 FROM exports
),
intervals AS (
  SELECT generation_id, starts_at, ends_at, records FROM spans WHERE records > 0
  UNION ALL
  SELECT
    generation_id, ends_at,
    LEAD(starts_at) OVER (PARTITION BY generation_id ORDER BY starts_at, ends_at, records), 0
  FROM spans
)
SELECT DISTINCT
  b.stream, i.starts_at, i.ends_at, i.records > 0 AS covered, b.completeness,
  CASE
    WHEN i.records > 0 THEN NULL
    WHEN NOT b.in_order THEN COALESCE(b.cut, 'rejected_lines')
    WHEN i.ends_at <= b.remembered_from THEN 'sender_window'
    WHEN i.ends_at <= b.uncut_from OR i.starts_at >= b.uncut_until THEN b.cut
    ELSE 'rejected_lines'
  END AS reason,
  i.records
FROM intervals AS i JOIN bounds AS b ON b.generation_id = i.generation_id
WHERE i.records > 0 OR i.ends_at > i.starts_at
