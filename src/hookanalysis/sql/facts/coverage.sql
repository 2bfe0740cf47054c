/* coverage: every interval of every stream, whatever the period.
   grain:  one interval of one stream, by the stream's own clock
   inputs: coverage */
SELECT
  side,
  COALESCE(layer, '') AS layer,
  COALESCE(stream, '') AS stream,
  COALESCE(completeness, '') AS completeness,
  starts_at,
  ends_at,
  COALESCE(covered, FALSE) AS covered,
  COALESCE(reason, '') AS reason
FROM coverage
WHERE starts_at IS NOT NULL
  AND ends_at IS NOT NULL
ORDER BY side DESC, layer, stream, starts_at, ends_at, covered, reason, completeness
