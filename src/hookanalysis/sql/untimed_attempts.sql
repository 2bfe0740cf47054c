/* untimed_attempts: between which times an attempt was made of which no export tells the time.
   grain:  one attempt
   inputs: attempt_records, generations, settings

   It was made between its neighbours: in the order of the rows (upwards or downwards) or of the ids
   in all exports of the format, whichever the times follow best, give or take the largest step back
   among them (disorder). Few or wild times show no order; then, and beyond the first and the last
   row, only retention_days bound it. */
WITH ordered_rows AS (
  SELECT
    r.generation_id, r.attempt_id, r.event_uuid, r.attempted_at, r.created_at, w.way,
    CASE w.way WHEN 1 THEN g.format ELSE CAST(r.generation_id AS VARCHAR) END AS series,
    CASE w.way WHEN 1 THEN TRY_CAST(r.attempt_id AS BIGINT) ELSE w.way * r.byte_offset END AS nth,
    COALESCE(g.retention_days, s.retention_days) * INTERVAL '1 day' AS reach
  FROM attempt_records AS r JOIN generations AS g USING (generation_id)
  CROSS JOIN settings AS s
  CROSS JOIN (VALUES (1), (2), (-2)) AS w (way)
  WHERE g.format IN (
    SELECT format FROM attempt_records JOIN generations USING (generation_id)
    WHERE attempted_at IS NULL AND created_at IS NULL
  )
),
neighbours AS (
  SELECT
    *,
    MAX(attempted_at) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS earlier_at,
    MIN(attempted_at) OVER (in_order ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS later_at
  FROM ordered_rows
  WINDOW in_order AS (PARTITION BY way, series ORDER BY nth)
),
orders AS (
  SELECT
    way, series, MIN(attempted_at) AS first_at, MAX(attempted_at) AS last_at, MAX(reach) AS reach,
    MAX(earlier_at - attempted_at) AS step_back,
    CASE WHEN COUNT(DISTINCT attempted_at) >= 5 AND COUNT(nth) = COUNT(*)
      AND 4 * step_back < last_at - first_at THEN step_back END AS disorder
  FROM neighbours GROUP BY way, series
)
SELECT
  n.attempt_id, n.event_uuid, UNNEST(ARG_MIN({
    'since': GREATEST(n.earlier_at - o.disorder, LEAST(o.last_at - o.reach, o.first_at)),
    'until': LEAST(n.later_at + o.disorder, GREATEST(o.first_at + o.reach, o.last_at))
  }, (COALESCE(o.disorder, o.reach), n.way <> 1, n.later_at - n.earlier_at)))
FROM neighbours AS n JOIN orders AS o USING (way, series)
WHERE n.attempted_at IS NULL AND n.created_at IS NULL GROUP BY n.attempt_id, n.event_uuid
