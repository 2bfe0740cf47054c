/* export_orders: the sender's exports that lost rows, and whether their rows are in order of time.
   grain:  one row of an export that was cut off, or that holds rejected rows
   inputs: attempt_records, generations, rejects

   cut: truncated (a damaged end), or sender_capped: a round number of rows is what a page limit
   leaves. piece: rejected rows before this one. rising, falling: all rows of the export are in
   this order; only then one knows where in time a lost row was. */
WITH exports AS (
  SELECT
    g.generation_id,
    CASE
      WHEN MAX(g.integrity) = 'truncated' THEN 'truncated'
      WHEN COUNT(*) IN (100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 50000, 100000)
        THEN 'sender_capped'
    END AS cut
  FROM generations AS g
  JOIN attempt_records AS r ON r.generation_id = g.generation_id
  GROUP BY g.generation_id
),
places AS (
  SELECT
    generation_id, line, byte_offset, COALESCE(attempted_at, created_at) AS moment, 0 AS lost
  FROM attempt_records
  UNION ALL
  SELECT generation_id, line, byte_offset, NULL AS moment, 1 AS lost FROM rejects
),
ordered_places AS (
  SELECT
    p.generation_id, p.moment, e.cut,
    SUM(p.lost) OVER (
      PARTITION BY p.generation_id
      ORDER BY p.line NULLS LAST, p.byte_offset NULLS LAST, p.lost NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS piece,
    LAST_VALUE(p.moment IGNORE NULLS) OVER (
      PARTITION BY p.generation_id
      ORDER BY p.line NULLS LAST, p.byte_offset NULLS LAST, p.lost NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_row
  FROM places AS p
  JOIN exports AS e ON e.generation_id = p.generation_id
  WHERE e.cut IS NOT NULL OR e.generation_id IN (SELECT generation_id FROM rejects)
)
SELECT
  generation_id,
  moment,
  cut,
  CAST(piece AS BIGINT) AS piece,
  BOOL_AND(COALESCE(moment >= earlier_row, TRUE)) OVER (PARTITION BY generation_id) AS rising,
  BOOL_AND(COALESCE(moment <= earlier_row, TRUE)) OVER (PARTITION BY generation_id) AS falling
FROM ordered_places
WHERE moment IS NOT NULL
