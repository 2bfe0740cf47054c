/* receiver_logs: the receiver's logs, also those of which every file was refused.
   grain:  one stream; layer NULL where nobody could tell it
   inputs: generations, files

   lacking_file: a file of the log that was refused. A later offer of the same path that was loaded
   makes it good. */
WITH refused_files AS (
  SELECT lacking_stream AS stream, lacking_layer AS layer, REGEXP_EXTRACT(path, '[^/\\]*$') AS file_name
  FROM files AS f
  WHERE status = 'refused' AND lacking_stream IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM files AS l
      WHERE l.path = f.path AND l.file_id > f.file_id AND l.status <> 'refused'
    )
),
logs AS (
  SELECT DISTINCT stream, layer FROM generations WHERE side = 'receiver'
  UNION
  SELECT stream, MIN(layer) FROM refused_files GROUP BY stream
)
SELECT l.stream, l.layer, (SELECT MIN(file_name) FROM refused_files WHERE stream = l.stream)
  AS lacking_file
FROM logs AS l
