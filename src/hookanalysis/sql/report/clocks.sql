/* clocks: the offset of each stream's clock on the days of the period.
   grain:  one stream and day; day NULL: the stream's value for other days
   inputs: clock_offsets */
SELECT
  stream, day, offset_ms, low_ms, high_ms, tolerance_ms, pairs, method, zone_error_minutes
FROM clock_offsets
WHERE day IS NULL OR in_period(day, DATE_TRUNC('day', CAST($since AS TIMESTAMP)), $until)
ORDER BY stream, day NULLS FIRST
