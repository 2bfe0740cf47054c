/* receiver_logs: the receiver's logs, also those of which every file was refused.
   grain:  one stream; layer NULL where nobody could tell it
   inputs: generations, files, activity, receipt_lines, receipt_records

   lacking_file: a file of the log that was refused. A later offer of the same path that was loaded
   makes it good. A log of failures alone, and one that has records of which none tells of a request
   or of its time, is none that a request must be in.
   ends_only: of an event, its first line tells that the work has ended, or of a job that was put off:
   the log shows no arrival. answers_only: of a request, its first line behind the edge tells of no
   arrival: one that hung, and whose worker was killed, has none. */
WITH job_lines AS (
  SELECT kind
  FROM (
    SELECT hash(step, message, http_status IS NULL) AS kind, MIN(message) AS message
    FROM receipt_records WHERE message IS NOT NULL GROUP BY ALL
  )
  WHERE regexp_matches(message, '(?i)\b(?:jobs?|tasks?|sidekiq|celery|bull(?:mq)?|consum(?:ed|er|ing))\b')
    AND NOT regexp_matches(message, '(?i)\b(?:(?:en|re)?queu|dispatch|schedul|submit|publish|push|defer)')
),
refused_files AS (
  SELECT lacking_stream AS stream, lacking_layer AS layer, REGEXP_EXTRACT(path, '[^/\\]*$') AS file_name
  FROM files AS f
  WHERE status = 'refused' AND lacking_stream IS NOT NULL
    AND NOT EXISTS (
      SELECT 1 FROM files AS l
      WHERE l.path = f.path AND l.file_id > f.file_id AND l.status <> 'refused'
    )
),
logs AS (
  SELECT stream, layer
  FROM generations AS g
  LEFT JOIN (SELECT generation_id, SUM(records) AS records FROM files GROUP BY ALL) AS f
    USING (generation_id)
  WHERE side = 'receiver' AND completeness IS DISTINCT FROM 'failures'
  GROUP BY stream, layer
  HAVING BOOL_OR(generation_id IN (SELECT generation_id FROM activity))
    OR COALESCE(SUM(f.records), 0) = 0
  UNION
  SELECT stream, MIN(layer) FROM refused_files GROUP BY stream
)
SELECT
  l.stream, l.layer,
  (SELECT MIN(file_name) FROM refused_files WHERE stream = l.stream) AS lacking_file,
  e.ends_only, l.layer IN ('app', 'queue') AND e.answers_only AS answers_only
FROM logs AS l
LEFT JOIN (
  SELECT
    stream, 50 * COUNT(*) FILTER (NOT ends) < COUNT(*) AS ends_only,
    50 * COUNT(*) FILTER (arrives) < COUNT(*) AS answers_only
  FROM (
    SELECT
      stream, COALESCE(event_uuid, CAST(line AS VARCHAR)) AS told,
      ARG_MIN((ends_work(mark) IS TRUE OR kind IN (FROM job_lines)) AND path IS NULL
        AND COALESCE(http_status, 0) NOT BETWEEN 200 AND 299, (logged_at, place)) AS ends,
      -- A lone line of unknown words may be written when the work is done.
      ARG_MIN(COALESCE(mark = 'received' AND NOT learnt, FALSE)
        OR path IS NOT NULL AND http_status IS NULL, (logged_at, place)) OR COUNT(*) > 1
        AND ARG_MIN(COALESCE(mark = 'received', FALSE), (logged_at, place)) AS arrives
    FROM receipt_lines
    WHERE sampled(COALESCE(event_uuid, CAST(line AS VARCHAR)), (SELECT COUNT(*) FROM receipt_lines))
    GROUP BY ALL
  )
  GROUP BY stream
) AS e ON e.stream = l.stream
