/* receipt_lines: each kept line of a receiver's log with its event, its step and its request.
   grain:  one line
   inputs: receipt_records, generations, activity, attempt_records, endpoint_paths, learnt_steps

   A bare uuid is the event's only where the sender exported it and no other on the line is so; or
   where it begins as a sender's ids do (evt_), and four of five that do in the logs are exported. A
   line that names no event but its transaction is of the one event that the sender exported for it
   (and for the event type, where the line says it).
   path: that of an endpoint with a query where the line shows it (the most of it), or where the log
   shows no queries there and the path is one endpoint's alone.
   mark is what the line says of the request; answered is a status without words about a step.
   kind tells lines of one step apart that one request writes: a middleware's and a handler's.
   request_key holds together the lines that may be of one request, as far as one line can tell: by
   event, or by the id of a request of which no line names one event. Lines of an edge log or of a
   receipts table stand alone and have none, but those of one request that the log tells of in
   several steps. */
WITH candidates AS (
  SELECT
    generation_id, byte_offset, uuid, regexp_extract(uuid, '^[a-z]{2,}_') AS prefix,
    uuid IN (SELECT event_uuid FROM attempt_records) AS known
  FROM (
    SELECT generation_id, byte_offset, UNNEST(candidate_uuids) AS uuid
    FROM receipt_records WHERE event_uuid IS NULL AND candidate_uuids IS NOT NULL
  )
),
event_prefixes AS (
  SELECT prefix
  FROM candidates WHERE prefix <> ''
  GROUP BY prefix
  HAVING COUNT(DISTINCT uuid) FILTER (known) >= GREATEST(8, 0.8 * COUNT(DISTINCT uuid))
),
known_uuids AS (
  SELECT generation_id, byte_offset, COALESCE(MAX(uuid) FILTER (known), MAX(uuid)) AS known_uuid
  FROM candidates WHERE known OR prefix IN (FROM event_prefixes)
  GROUP BY ALL
  HAVING COUNT(DISTINCT uuid) FILTER (known) = 1 OR COUNT(DISTINCT uuid) = 1
),
transactions AS (
  SELECT n.transaction_id, n.event_type, MIN(a.event_uuid) AS paid_uuid
  FROM (
    SELECT DISTINCT transaction_id, event_type
    FROM receipt_records WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
  ) AS n
  JOIN attempt_records AS a
    ON a.transaction_id = n.transaction_id AND COALESCE(a.event_type = n.event_type, TRUE)
  GROUP BY ALL HAVING MIN(a.event_uuid) = MAX(a.event_uuid)
),
queried_paths AS (
  SELECT DISTINCT bare_path, path, query_hashes,
    COUNT(*) OVER (PARTITION BY bare_path) = 1 AS alone
  FROM endpoint_paths WHERE query_hashes IS NOT NULL
),
queried_lines AS (
  SELECT
    r.generation_id, r.byte_offset, r.path AS bare_path, r.query_hashes,
    COUNT(r.query_hashes) OVER (PARTITION BY g.stream, r.path) > 0 AS shows_queries
  FROM receipt_records AS r JOIN generations AS g ON g.generation_id = r.generation_id
  WHERE r.path IN (SELECT bare_path FROM queried_paths)
),
told_paths AS (
  SELECT l.generation_id, l.byte_offset, ARG_MAX(q.path, (LEN(q.query_hashes), q.path)) AS path
  FROM queried_lines AS l
  JOIN queried_paths AS q
    ON q.bare_path = l.bare_path
    AND CASE WHEN l.shows_queries THEN LIST_HAS_ALL(l.query_hashes, q.query_hashes) ELSE q.alone END
  GROUP BY ALL
),
-- A log's parts by their times, not as they were loaded; above the numbers of attempts.
logs AS (
  SELECT
    generation_id, layer, stream, time_marks, MAX(generation_id) OVER ()
      + ROW_NUMBER() OVER (ORDER BY stream, MIN(first_at), MAX(last_at), content_hash) AS log_no
  FROM generations LEFT JOIN activity USING (generation_id)
  GROUP BY generation_id, layer, stream, time_marks, content_hash
),
lines AS NOT MATERIALIZED (
  SELECT
    r.* REPLACE (COALESCE(o.path, r.path) AS path), g.* EXCLUDE (generation_id), k.known_uuid, t.paid_uuid,
    hash(r.step, r.message, r.http_status IS NULL) AS kind,
    words_of(r.step, r.message, r.http_status) AS words,
    g.layer NOT IN ('edge', 'table') AS is_inner,
    COALESCE(r.event_uuid, k.known_uuid, t.paid_uuid) AS named_uuid
  FROM receipt_records AS r JOIN logs AS g ON g.generation_id = r.generation_id
  LEFT JOIN told_paths AS o ON o.generation_id = r.generation_id AND o.byte_offset = r.byte_offset
  LEFT JOIN known_uuids AS k ON k.generation_id = r.generation_id AND k.byte_offset = r.byte_offset
  LEFT JOIN transactions AS t
    ON t.transaction_id = r.transaction_id AND t.event_type IS NOT DISTINCT FROM r.event_type
    AND r.event_uuid IS NULL AND k.known_uuid IS NULL
  -- The sender posts all events to one URL: a path that names the event is somebody's who asks for it.
  WHERE COALESCE(NOT CONTAINS(LOWER(r.path), COALESCE(r.event_uuid, k.known_uuid)), TRUE)
),
request_events AS (
  SELECT stream, request_id, MIN(named_uuid) AS request_uuid
  FROM lines WHERE named_uuid IS NOT NULL AND is_inner AND request_id IN (
    SELECT request_id FROM lines WHERE named_uuid IS NULL AND is_inner
  )
  GROUP BY ALL HAVING MIN(named_uuid) = MAX(named_uuid)
),
-- A router's line among those of the application behind it, in one log, or on each of them.
edge_requests AS (
  SELECT stream, request_id
  FROM lines WHERE layer = 'edge' AND request_id IS NOT NULL
  GROUP BY ALL HAVING COUNT(*) > 1 AND (
    (COUNT(*) > COUNT(http_status) AND COUNT(CASE WHEN method IS NOT NULL THEN http_status END) < 2)
    OR (MIN(logged_at) = MAX(logged_at) AND MIN(kind) < MAX(kind))
  )
)
SELECT
  l.log_no * 10000000000000 + l.byte_offset AS place, l.file_id, l.line, l.layer, l.stream, l.named_uuid AS event_uuid,
  CASE
    WHEN l.event_uuid IS NOT NULL THEN 'key'
    WHEN l.known_uuid IS NOT NULL THEN 'known'
    WHEN l.paid_uuid IS NOT NULL THEN 'transaction'
  END AS uuid_by,
  l.transaction_id, l.event_type, l.logged_at,
  CASE
    WHEN l.time_marks = 'end' AND l.duration_ms > 0
      THEN l.logged_at - l.duration_ms * INTERVAL '1 millisecond'
    ELSE l.logged_at
  END AS started_at,
  l.duration_ms, l.method, l.path, l.http_status, l.source_ip, l.agent, l.request_id,
  COALESCE(
    l.step,
    CASE WHEN COALESCE(l.http_status, 200) < 300 THEN s.step END,
    CASE WHEN l.http_status IS NOT NULL THEN 'answered' END
  ) AS mark,
  l.kind, l.words, l.step IS NULL AND s.step IS NOT NULL AS learnt,
  CASE
    WHEN l.is_inner THEN COALESCE(l.named_uuid, e.request_uuid, l.request_id)
    ELSE o.request_id
  END AS request_key
FROM lines AS l
LEFT JOIN request_events AS e ON e.stream = l.stream AND e.request_id = l.request_id
LEFT JOIN learnt_steps AS s ON s.layer = l.layer AND s.kind = l.words
LEFT JOIN edge_requests AS o ON o.stream = l.stream AND o.request_id = l.request_id
