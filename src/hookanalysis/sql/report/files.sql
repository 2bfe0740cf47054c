/* files: what became of each path that was offered to `load`.
   grain:  one path: its latest status, and sums over all its offers
   inputs: files, generations */
SELECT
  path, status, COALESCE(reason, '') AS reason, COALESCE(side, '') AS side,
  COALESCE(layer, '') AS layer, COALESCE(stream, '') AS stream, COALESCE(format, '') AS format,
  COALESCE(timezone, '') AS timezone, COALESCE(tail_bytes, 0) AS tail_bytes,
  COALESCE(integrity, '') AS integrity, file_id, lacking_stream,
  CAST(COALESCE(SUM(COLUMNS(['records', 'kept', 'rejected', 'ignored'])) OVER (PARTITION BY path), 0)
    AS BIGINT)
FROM files
LEFT JOIN (SELECT generation_id, side, layer, stream, format, timezone FROM generations)
  USING (generation_id)
QUALIFY ROW_NUMBER() OVER (PARTITION BY path ORDER BY file_id DESC NULLS LAST) = 1
ORDER BY path
