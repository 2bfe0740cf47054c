/* clocks: the offset of each stream's clock on the days of the period.
   grain:  one stream and day; day NULL: the stream's value for other days
   inputs: clock_offsets; $since and $until */
SELECT
  stream, day, offset_ms, low_ms, high_ms, tolerance_ms, pairs, method,
  zone_error_minutes
FROM clock_offsets
WHERE day IS NULL
  OR (
    (CAST($since AS TIMESTAMP) IS NULL OR day >= CAST(CAST($since AS TIMESTAMP) AS DATE))
    AND (CAST($until AS TIMESTAMP) IS NULL OR day < CAST($until AS TIMESTAMP))
  )
ORDER BY stream, day NULLS FIRST
