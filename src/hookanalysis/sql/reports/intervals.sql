/* intervals: when each log can testify, and its holes; the longest first.
   grain:  one interval of one stream
   inputs: coverage; $since and $until, NULL for no bound; $most: how many */
SELECT
  COALESCE(layer, side) AS layer,
  stream,
  starts_at,
  ends_at,
  covered,
  reason,
  records
FROM coverage
WHERE ends_at > starts_at
  AND (CAST($since AS TIMESTAMP) IS NULL OR ends_at > CAST($since AS TIMESTAMP))
  AND (CAST($until AS TIMESTAMP) IS NULL OR starts_at < CAST($until AS TIMESTAMP))
ORDER BY ends_at - starts_at DESC, layer, stream, starts_at, covered
LIMIT $most
