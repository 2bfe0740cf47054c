/* attempts: one HTTP try as the sender logged it, merged over all exports that tell of it.
   grain:  one attempt; an event that an export lists without attempts is a row of status none
   inputs: attempt_records, endpoints, settings

   A row without an attempt id is known by event, endpoint, time and answer, and its n-th copy in one
   export is the n-th copy in any other. It takes over the key of a row of the same event and second
   that says more: one with an attempt id, with the final status, or with the endpoint.
   Merging is a lattice, so load order never matters: none < pending < one final status, and two
   different final statuses are a conflict. Only repeated keys are merged, for they are few.
   An endpoint that no export names is filled in where only one can be meant, else it is empty.
   delivery_no: the place of the first record of the event for the endpoint. */
WITH nameless_rows AS (
  SELECT
    generation_id, byte_offset, event_uuid, endpoint_url, attempted_at, status,
    ROW_NUMBER() OVER (
      PARTITION BY generation_id, event_uuid, endpoint_url, attempted_at, status, http_status
      ORDER BY row_hash, byte_offset
    ) AS nth,
    COALESCE(event_uuid, '') || ' ' || COALESCE(endpoint_url, '') || ' ' || status
      || COALESCE(' ' || attempted_at, '') || COALESCE(' ' || http_status, '')
      || CASE WHEN status = 'none' OR nth = 1 THEN '' ELSE ' copy ' || nth END AS row_key
  FROM attempt_records
  WHERE attempt_id IS NULL
),
fuller_rows AS (
  SELECT attempt_id AS attempt_key, TRUE AS named, event_uuid, endpoint_url, attempted_at, status
  FROM attempt_records
  WHERE attempt_id IS NOT NULL
  UNION ALL
  SELECT row_key, FALSE, event_uuid, endpoint_url, attempted_at, status
  FROM nameless_rows
  WHERE status <> 'pending' OR endpoint_url IS NOT NULL
),
taken_keys AS (
  SELECT
    n.generation_id, n.byte_offset,
    COALESCE(
      MIN(f.attempt_key) FILTER (f.named),
      MIN(f.attempt_key) FILTER (f.status <> 'pending' AND f.endpoint_url IS NOT NULL),
      MIN(f.attempt_key)
    ) AS attempt_key
  FROM nameless_rows AS n
  JOIN fuller_rows AS f
    ON f.event_uuid = n.event_uuid
    AND DATE_TRUNC('second', f.attempted_at) = DATE_TRUNC('second', n.attempted_at)
  WHERE (
      f.named
      OR (n.status = 'pending' AND f.status <> 'pending')
      OR (n.endpoint_url IS NULL AND f.endpoint_url IS NOT NULL)
    )
    AND (f.status = n.status OR f.status = 'pending' OR n.status = 'pending')
    AND (f.endpoint_url = n.endpoint_url OR f.endpoint_url IS NULL OR n.endpoint_url IS NULL)
  GROUP BY ALL
),
keyed_rows AS (
  SELECT
    r.*, COALESCE(r.attempt_id, t.attempt_key, n.row_key) AS attempt_key,
    r.generation_id * 10000000000000 + r.byte_offset AS place
  FROM attempt_records AS r
  LEFT JOIN nameless_rows AS n USING (generation_id, byte_offset)
  LEFT JOIN taken_keys AS t USING (generation_id, byte_offset)
),
-- Numbers in place of names: a chance equality only merges what is merged to itself.
repeated_keys AS (
  SELECT hash(attempt_key) AS key_no FROM keyed_rows GROUP BY ALL HAVING COUNT(*) > 1
),
merged_rows AS (
  SELECT *, 1 AS observations
  FROM keyed_rows
  WHERE hash(attempt_key) NOT IN (FROM repeated_keys)
  UNION ALL BY NAME
  SELECT
    attempt_key, event_uuid, MAX(endpoint_url) AS endpoint_url, MAX(event_type) AS event_type,
    MAX(transaction_id) AS transaction_id, MIN(created_at) AS created_at,
    MIN(attempted_at) AS attempted_at,
    CASE
      WHEN BOOL_OR(status = 'success') AND BOOL_OR(status = 'failed') THEN 'conflict'
      WHEN BOOL_OR(status = 'success') THEN 'success'
      WHEN BOOL_OR(status = 'failed') THEN 'failed'
      WHEN BOOL_OR(status = 'pending') THEN 'pending'
      ELSE 'none'
    END AS status,
    MAX(http_status) AS http_status, MAX(error_kind) AS error_kind, MAX(response) AS response,
    MAX(latency_ms) AS latency_ms, COUNT(*) AS observations, MIN(file_id) AS file_id,
    ARG_MIN(line, (file_id, line)) AS line, MIN(place) AS place
  FROM keyed_rows
  WHERE hash(attempt_key) IN (FROM repeated_keys)
  GROUP BY attempt_key, event_uuid
),
event_endpoints AS (
  SELECT event_uuid, MAX(endpoint_url) AS endpoint_url
  FROM attempt_records
  WHERE endpoint_url IS NOT NULL
    AND event_uuid IN (SELECT event_uuid FROM attempt_records WHERE endpoint_url IS NULL)
  GROUP BY event_uuid
  HAVING COUNT(DISTINCT endpoint_url) = 1
),
named_rows AS (
  SELECT
    m.* EXCLUDE (endpoint_url),
    COALESCE(
      m.endpoint_url, e.endpoint_url,
      (
        SELECT MAX(endpoint_url)
        FROM (SELECT endpoint_url FROM attempt_records UNION SELECT endpoint_url FROM endpoints)
        HAVING COUNT(endpoint_url) = 1
      ), ''
    ) AS endpoint_url
  FROM merged_rows AS m
  LEFT JOIN event_endpoints AS e ON e.event_uuid = m.event_uuid
),
repeated_events AS (
  SELECT hash(event_uuid) AS event_no FROM named_rows GROUP BY ALL HAVING COUNT(*) > 1
),
first_places AS (
  SELECT event_uuid, endpoint_url, MIN(place) AS place
  FROM named_rows
  WHERE hash(event_uuid) IN (FROM repeated_events)
  GROUP BY ALL
)
SELECT
  r.attempt_key, r.event_uuid, r.endpoint_url, r.event_type, r.transaction_id, r.created_at,
  r.attempted_at, r.status, r.http_status, r.error_kind, r.response, r.latency_ms,
  COALESCE(LIST_CONTAINS(s.test_event_types, r.event_type), FALSE) AS is_test, r.observations,
  r.file_id, r.line, COALESCE(f.place, r.place) AS delivery_no
FROM named_rows AS r
LEFT JOIN first_places AS f ON f.event_uuid = r.event_uuid AND f.endpoint_url = r.endpoint_url
LEFT JOIN settings AS s ON TRUE
