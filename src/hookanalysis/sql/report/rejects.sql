/* rejects: records that could not be read.
   grain:  one path and reason
   inputs: rejects, files */
SELECT
  COALESCE(f.path, '') AS path,
  r.reason,
  COUNT(*) AS records,
  CAST(COALESCE(SUM(r.lines), 0) AS BIGINT) AS lines,
  COALESCE(MIN(r.line), 0) AS first_line,
  FIRST(COALESCE(r.detail, '') ORDER BY r.line NULLS LAST, r.detail NULLS LAST) AS detail
FROM rejects AS r
LEFT JOIN files AS f ON f.file_id = r.file_id
GROUP BY ALL
ORDER BY path, records DESC, r.reason
