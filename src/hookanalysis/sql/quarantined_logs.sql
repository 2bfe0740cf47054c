/* quarantined_logs: streams of the receiver that lack a file, because it was refused.
   grain:  one stream
   inputs: files

   A later offer of the same path that was loaded makes it good. */
SELECT
  f.lacking_stream AS stream,
  MIN(f.lacking_layer) AS layer,
  MIN(REGEXP_EXTRACT(f.path, '[^/\\]*$')) AS file_name
FROM files AS f
WHERE f.status = 'refused'
  AND f.lacking_stream IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM files AS l
    WHERE l.path = f.path AND l.file_id > f.file_id AND l.status <> 'refused'
  )
GROUP BY f.lacking_stream
