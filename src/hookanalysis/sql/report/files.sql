/* files: what became of each path that was offered to `load`.
   grain:  one path: its latest status, and sums over all its offers
   inputs: files, generations */
WITH offers AS (
  SELECT
    path, status, reason, generation_id, tail_bytes, integrity,
    SUM(records) OVER (PARTITION BY path) AS records,
    SUM(kept) OVER (PARTITION BY path) AS kept,
    SUM(rejected) OVER (PARTITION BY path) AS rejected,
    SUM(ignored) OVER (PARTITION BY path) AS ignored,
    ROW_NUMBER() OVER (PARTITION BY path ORDER BY file_id DESC NULLS LAST) AS age
  FROM files
)
SELECT
  o.path,
  o.status,
  COALESCE(o.reason, '') AS reason,
  COALESCE(g.side, '') AS side,
  COALESCE(g.layer, '') AS layer,
  COALESCE(g.stream, '') AS stream,
  COALESCE(g.format, '') AS format,
  COALESCE(g.timezone, '') AS timezone,
  CAST(COALESCE(o.records, 0) AS BIGINT) AS records,
  CAST(COALESCE(o.kept, 0) AS BIGINT) AS kept,
  CAST(COALESCE(o.rejected, 0) AS BIGINT) AS rejected,
  CAST(COALESCE(o.ignored, 0) AS BIGINT) AS ignored,
  COALESCE(o.tail_bytes, 0) AS tail_bytes,
  COALESCE(o.integrity, '') AS integrity
FROM offers AS o
LEFT JOIN generations AS g ON g.generation_id = o.generation_id
WHERE o.age = 1
ORDER BY o.path
