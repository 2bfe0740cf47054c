/* intervals: when each log can testify, and its holes, cut to the period; the longest first.
   grain:  one interval of one stream
   inputs: coverage; $most: how many */
SELECT
  COALESCE(layer, side) AS layer, stream, covered, reason, records,
  GREATEST(c.starts_at, CAST($since AS TIMESTAMP)) AS starts_at,
  LEAST(c.ends_at, CAST($until AS TIMESTAMP)) AS ends_at,
  EPOCH(LEAST(c.ends_at, CAST($until AS TIMESTAMP))
    - GREATEST(c.starts_at, CAST($since AS TIMESTAMP))) AS seconds
FROM coverage AS c
WHERE c.ends_at > c.starts_at AND touches(c.starts_at, c.ends_at, $since, $until)
  AND c.ends_at IS DISTINCT FROM $since
ORDER BY c.ends_at - c.starts_at DESC, 1, stream, c.starts_at, covered
LIMIT $most
