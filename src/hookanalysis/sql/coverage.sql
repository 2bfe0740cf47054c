/* coverage: when each stream can testify, and the holes between.
   grain:  one interval of one stream, in the stream's own clock
   inputs: log_spans, export_spans */
SELECT
  'receiver' AS side, layer, stream, starts_at, ends_at, covered, 'all' AS completeness, reason,
  records
FROM log_spans
UNION ALL
SELECT
  'sender' AS side, NULL AS layer, stream, starts_at, ends_at, covered, completeness, reason,
  records
FROM export_spans
