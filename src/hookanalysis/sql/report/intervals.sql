/* intervals: when each log can testify, and its holes; the longest first.
   grain:  one interval of one stream
   inputs: coverage; $most: how many */
SELECT
  COALESCE(layer, side) AS layer,
  stream,
  starts_at,
  ends_at,
  covered,
  reason,
  records
FROM coverage
WHERE ends_at > starts_at AND touches(starts_at, ends_at, $since, $until)
  AND ends_at IS DISTINCT FROM $since
ORDER BY ends_at - starts_at DESC, layer, stream, starts_at, covered
LIMIT $most
