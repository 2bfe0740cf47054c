/* files: what became of each path that was offered to `load`.
   grain:  one path: its latest status, and sums over all its offers
   inputs: files, generations

   unsound: some of it could not be read, and no good file of its stream, or of its path, was loaded
   since. */
WITH offers AS (
  SELECT
    *,
    COALESCE(stream, lacking_stream, path) AS place,
    status = 'refused' OR rejected > 0 OR integrity = 'truncated' AS bad,
    CASE WHEN status IN ('loaded', 'grown') AND NOT bad THEN file_id END AS good_id
  FROM files
  LEFT JOIN (SELECT generation_id, side, layer, stream, format, timezone FROM generations)
    USING (generation_id)
),
weighed AS (
  SELECT
    *,
    bad AND file_id > COALESCE(
      GREATEST(MAX(good_id) OVER (PARTITION BY place), MAX(good_id) OVER (PARTITION BY path)), 0
    ) AS is_open
  FROM offers
)
SELECT
  path, status, COALESCE(reason, '') AS reason, COALESCE(side, '') AS side,
  COALESCE(layer, '') AS layer, COALESCE(stream, '') AS stream, COALESCE(format, '') AS format,
  COALESCE(timezone, '') AS timezone, COALESCE(tail_bytes, 0) AS tail_bytes,
  COALESCE(integrity, '') AS integrity, file_id, lacking_stream,
  CAST(COALESCE(SUM(COLUMNS(['records', 'kept', 'rejected', 'ignored'])) OVER (PARTITION BY path), 0)
    AS BIGINT),
  COALESCE(BOOL_OR(is_open) OVER (PARTITION BY path), FALSE) AS unsound
FROM weighed
QUALIFY ROW_NUMBER() OVER (PARTITION BY path ORDER BY file_id DESC NULLS LAST) = 1
ORDER BY path

/* sources: each log and each kind of export: what it is, and from when to when it was written.
   grain:  one stream of one side
   inputs: generations, activity, files */
WITH logs AS (
  SELECT
    side, COALESCE(layer, '') AS layer, stream, format, COALESCE(timezone, '') AS zone,
    MIN(first_at) AS starts_at, MAX(last_at) AS ends_at
  FROM generations
  LEFT JOIN activity USING (generation_id)
  GROUP BY generation_id, side, 2, stream, format, 5
),
offers AS (
  SELECT side, stream, COUNT(DISTINCT path) AS files, MAX(file_id) AS last_file
  FROM generations
  JOIN files USING (generation_id)
  GROUP BY side, stream
)
SELECT
  side, MAX(layer) AS layer, stream, LIST(DISTINCT COALESCE(format, '') ORDER BY COALESCE(format, '')) AS formats,
  COALESCE(LIST(DISTINCT zone ORDER BY zone) FILTER (zone <> ''), []) AS zones,
  MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
  COALESCE(MAX(files), 0) AS files, MAX(last_file) AS last_file
FROM logs
LEFT JOIN offers USING (side, stream)
GROUP BY side, stream
ORDER BY side DESC, 2, stream
