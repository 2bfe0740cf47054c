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
  side, MAX(layer) AS layer, stream, LIST(DISTINCT format ORDER BY format) AS formats,
  COALESCE(LIST(DISTINCT zone ORDER BY zone) FILTER (zone <> ''), []) AS zones,
  MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
  COALESCE(MAX(files), 0) AS files, MAX(last_file) AS last_file
FROM logs
LEFT JOIN offers USING (side, stream)
GROUP BY side, stream
ORDER BY side DESC, 2, stream
