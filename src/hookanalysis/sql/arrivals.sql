/* arrivals: which lines that share a request key belong to the same request.
   grain:  one line whose request key is another line's too
   inputs: receipt_lines, passing_marks, attempts, settings

   The lines of a key are one arrival, unless they may be of more than one request (reused): they
   lie further apart than same_send_seconds (but for a reception and an end, alone and of an event
   that was sent once: a shipper may mix their times), name different events (a request id used
   again), have different request ids, or, without one, repeat themselves (processed and duplicate
   are one step: a request ends in either).
   Two paths are two requests, unless one is the rest of the other: there the lines of each path are
   counted apart, and the n-th request of those without a path is the n-th of all.
   The number of requests is the least that explains all lines. A new one begins where the log says
   nothing of the key for same_send_seconds (work that ends late, and a step that nothing is known
   of and that comes once, still belong to the reception of an event that was sent once), the event
   changes, or all that were received have ended; of an event that the sender sent more than once,
   each end that follows another, too. Within that, lines of one request id are one request, the
   n-th of all; of lines without one, the n-th of each kind is of request n, for a request writes
   each of its lines once; a shipper may write it twice, to the fraction of a second. Processed and
   duplicate are one kind of end, and what failed is no duplicate thereafter. An end of any kind is
   of the last request that began before it and has none: one that failed may write none. */
WITH shared_keys AS (
  SELECT hash(stream, request_key) AS key_hash FROM receipt_lines
  WHERE request_key IS NOT NULL GROUP BY ALL HAVING COUNT(*) > 1
),
retried_events AS (
  SELECT event_uuid
  FROM attempts WHERE event_uuid IN (SELECT request_key FROM receipt_lines)
  GROUP BY event_uuid HAVING MAX(attempted_at) > MIN(attempted_at) + INTERVAL '1 second'
),
told_lines AS (
  SELECT
    * EXCLUDE (stream, path), MIN(place) OVER key_lines AS key_no, ends_work(mark) AS is_end,
    COALESCE(unlike(MIN(path) OVER key_lines, MAX(path) OVER key_lines), FALSE) AS several_paths,
    CASE WHEN several_paths
      THEN COALESCE(path, CASE WHEN request_id IS NOT NULL THEN MAX(path) OVER request END, '')
      ELSE '' END AS part,
    COALESCE(BOOL_OR(is_end) OVER request, FALSE) AS ends, BOOL_OR(mark = 'received' OR path IS NOT NULL) OVER request IS TRUE AS begins
  FROM (
    SELECT
      place, stream, request_key, event_uuid, kind, logged_at, request_id, path,
      CASE WHEN place NOT IN (FROM passing_marks) THEN mark END AS mark
    FROM receipt_lines
    WHERE request_key IS NOT NULL AND hash(stream, request_key) IN (FROM shared_keys)
  )
  WINDOW
    key_lines AS (PARTITION BY stream, request_key),
    request AS (PARTITION BY stream, request_key, request_id)
),
shared_lines AS (
  SELECT
    *,
    COALESCE(MIN(logged_at) FILTER (request_id IS NOT NULL) OVER (PARTITION BY key_no, part, request_id), logged_at)
      AS begun_at
  FROM (
    -- A worker has ids of its own: one that ends what another has begun is no request's.
    SELECT * REPLACE (CASE WHEN begins OR NOT ends OR NOT BOOL_OR(begins AND NOT ends) OVER (PARTITION BY key_no)
      THEN request_id END AS request_id) FROM told_lines
  )
),
keys AS (
  SELECT
    key_no, part,
    BOOL_OR(several_paths)
    OR MAX(logged_at) > MIN(logged_at) + MAX(same_send_seconds) * INTERVAL '1 second'
      AND NOT COALESCE(COUNT(*) = 2 AND BOOL_OR(mark = 'received') AND BOOL_OR(is_end)
        AND NOT BOOL_OR(request_key IN (FROM retried_events)), FALSE)
    OR COALESCE(MIN(event_uuid) <> MAX(event_uuid), FALSE) OR COUNT(DISTINCT request_id) > 1
    OR COUNT(kind) FILTER (request_id IS NULL) > COUNT(DISTINCT kind) FILTER (request_id IS NULL)
    OR COALESCE(BOOL_OR(is_end AND request_key IN (FROM retried_events)), FALSE)
    OR COALESCE(BOOL_OR(mark = 'duplicate') AND BOOL_OR(is_end AND mark <> 'duplicate'), FALSE) AS reused
  FROM shared_lines CROSS JOIN settings
  GROUP BY ALL
),
ordered_lines AS (
  SELECT
    l.*, ROW_NUMBER() OVER key_order AS nth_line, LAG(logged_at) OVER key_order AS earlier_at,
    LAG(event_uuid) OVER key_order AS earlier_uuid, LAG(mark) OVER key_order AS earlier_mark,
    LAG(request_id) OVER key_order AS earlier_id,
    COUNT(*) OVER (PARTITION BY key_no, part, kind ORDER BY begun_at, logged_at, place) AS nth_of_kind,
    LAG(is_end) OVER key_order AS after_end, COUNT(*) FILTER (is_end) OVER key_order AS ended
  FROM shared_lines AS l JOIN keys USING (key_no, part)
  WHERE reused
  WINDOW key_order AS (PARTITION BY key_no, part ORDER BY begun_at, logged_at, place)
),
clustered_lines AS (
  SELECT
    *,
    SUM(CASE
      WHEN event_uuid <> earlier_uuid THEN 1
      WHEN request_id = earlier_id THEN 0
      WHEN mark = 'received' AND after_end AND ended >= nth_of_kind THEN 1
      WHEN is_end AND after_end AND ended > COALESCE(so_far, 0) AND event_uuid IN (FROM retried_events)
        AND logged_at > earlier_at + INTERVAL '1 second' THEN 1
      WHEN logged_at <= earlier_at + same_send_seconds * INTERVAL '1 second' THEN 0
      WHEN earlier_mark = 'received' AND mark <> 'received' THEN 0
      WHEN is_end AND ended <= so_far THEN 0
      WHEN mark IS NULL AND nth_of_kind = 1 AND event_uuid NOT IN (FROM retried_events) THEN 0
      ELSE 1
    END) OVER (PARTITION BY key_no, part ORDER BY nth_line) AS cluster
  FROM (
    SELECT
      *,
      MAX(nth_of_kind) FILTER (NOT is_end)
        OVER (PARTITION BY key_no, part ORDER BY nth_line) AS so_far
    FROM ordered_lines
  )
  CROSS JOIN settings
),
kinds AS (
  SELECT
    * EXCLUDE (kind),
    COALESCE(CASE WHEN mark = 'duplicate' THEN COALESCE(
      MIN(kind) FILTER (mark = 'processed') OVER cluster_lines,
      MIN(kind) FILTER (is_end AND mark <> 'duplicate') OVER (cluster_lines ORDER BY nth_line)
    ) END, kind) AS kind,
    DENSE_RANK() OVER (
      PARTITION BY key_no, part, cluster
      ORDER BY CASE WHEN request_id IS NOT NULL THEN begun_at END, request_id
    ) AS nth_id
  FROM clustered_lines
  WINDOW cluster_lines AS (PARTITION BY key_no, part, cluster)
),
counted_lines AS (
  SELECT
    *,
    DENSE_RANK() OVER (PARTITION BY key_no, part, cluster, kind, request_id IS NULL ORDER BY
      begun_at, logged_at, CASE WHEN logged_at = DATE_TRUNC('second', logged_at) THEN place END) AS nth
  FROM kinds
),
begun_lines AS (
  SELECT
    *,
    COALESCE(MAX(nth) FILTER (NOT is_end) OVER (
      PARTITION BY key_no, part, cluster ORDER BY nth_line
    ), 0) AS begun
  FROM counted_lines
),
ended_lines AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY key_no, part, cluster, is_end, begun ORDER BY nth_line DESC) AS nth_end,
    MIN(begun_at) OVER (PARTITION BY key_no, part) AS part_begun_at
  FROM begun_lines
)
SELECT place, 0 AS arrival
FROM shared_lines JOIN keys USING (key_no, part)
WHERE NOT reused
UNION ALL
SELECT
  place,
  CAST(DENSE_RANK() OVER (
    PARTITION BY key_no, part = ''
    ORDER BY part_begun_at, part, cluster, CASE
      WHEN request_id IS NOT NULL THEN nth_id
      WHEN mark IS NULL THEN 1
      WHEN is_end THEN GREATEST(nth, begun - nth_end + 1)
      ELSE nth
    END
  ) AS BIGINT) AS arrival
FROM ended_lines
