/* known: what is known of clocks and time-outs, seconds, and whether a zone is in doubt.
   grain:  one row
   inputs: settings, clock_offsets, receipts, generations, attempt_records; ?: the layer */
SELECT MAX(s.timeout_seconds), MAX(s.same_send_seconds),
  COALESCE(MAX(o.tolerance_ms) / 1000, MAX(s.tolerance_seconds)),
  (
    SELECT COALESCE(MAX(step_ms), 0) / 1000 FROM (
      -- An export may tell only minutes, whatever its format could tell.
      SELECT CASE
        WHEN BOOL_AND(DATE_TRUNC('minute', a.attempted_at) = a.attempted_at) THEN 60000
        ELSE MAX(g.time_resolution_ms)
      END AS step_ms
      FROM generations AS g JOIN attempt_records AS a ON a.generation_id = g.generation_id
      GROUP BY g.generation_id
    )
  ),
  COALESCE(BOOL_OR(o.method = 'times' AND o.zone_error_minutes IS NOT NULL), FALSE)
FROM settings AS s
LEFT JOIN clock_offsets AS o ON o.day IS NULL
  AND o.stream IN (SELECT stream FROM receipts WHERE layer = ? AND CONCAT(event_uuid, path) <> '')
