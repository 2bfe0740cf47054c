/* rejects: records that could not be read.
   grain:  one path and reason
   inputs: rejects, files */
WITH placed_rejects AS (
  SELECT
    COALESCE(f.path, '') AS path, r.reason, r.lines, r.line, COALESCE(r.detail, '') AS detail,
    ROW_NUMBER() OVER (
      PARTITION BY f.path, r.reason ORDER BY r.line NULLS LAST, r.detail NULLS LAST
    ) AS place
  FROM rejects AS r
  LEFT JOIN files AS f ON f.file_id = r.file_id
)
SELECT
  path,
  reason,
  COUNT(*) AS records,
  CAST(COALESCE(SUM(lines), 0) AS BIGINT) AS lines,
  COALESCE(MIN(line), 0) AS first_line,
  MAX(CASE WHEN place = 1 THEN detail END) AS detail
FROM placed_rejects
GROUP BY path, reason
ORDER BY path, records DESC, reason
