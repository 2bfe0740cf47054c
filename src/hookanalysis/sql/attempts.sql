/* attempts: one HTTP try as the sender logged it, merged over all exports that tell of it.
   grain:  one attempt; an event that an export lists without attempts is a row of status none
   inputs: attempt_records, repeated_events, untimed_attempts, endpoints, settings

   A row without an attempt id is known by event, endpoint, time and answer, and its n-th copy in one
   export is the n-th copy in any other. It takes over the key of a row of the same event and second
   that says more: one with an attempt id, with the final status, or with the endpoint.
   Merging is a lattice, so load order never matters: none < pending < one final status, and two
   different final statuses are a conflict. Only rows of repeated events are merged: they are few.
   An endpoint that no export names is filled in where only one can be meant, else it is empty.
   delivery_no: the place of the first record of the event for the endpoint. */
WITH named_rows AS NOT MATERIALIZED (
  SELECT
    *,
    generation_id * 10000000000000 + byte_offset AS place,
    COALESCE(
      attempt_id,
      COALESCE(event_uuid, '') || ' ' || COALESCE(endpoint_url, '') || ' ' || status
        || COALESCE(' ' || attempted_at, '') || COALESCE(' ' || http_status, '')
    ) AS row_key
  FROM attempt_records
),
repeated_rows AS (
  SELECT
    * EXCLUDE (row_key),
    ROW_NUMBER() OVER (
      PARTITION BY generation_id, row_key, event_uuid, endpoint_url, attempt_id IS NULL
      ORDER BY row_hash, byte_offset
    ) AS nth,
    row_key || CASE
      WHEN attempt_id IS NOT NULL OR status = 'none' OR nth = 1 THEN ''
      ELSE ' copy ' || nth
    END AS row_key
  FROM named_rows WHERE hash(event_uuid) IN (FROM repeated_events)
),
taken_keys AS (
  SELECT
    n.place,
    COALESCE(
      MIN(f.row_key) FILTER (f.attempt_id IS NOT NULL),
      MIN(f.row_key) FILTER (f.status <> 'pending' AND f.endpoint_url IS NOT NULL),
      MIN(f.row_key)
    ) AS attempt_key
  FROM repeated_rows AS n
  JOIN repeated_rows AS f
    ON f.event_uuid = n.event_uuid
    AND DATE_TRUNC('second', f.attempted_at) = DATE_TRUNC('second', n.attempted_at)
  WHERE n.attempt_id IS NULL
    AND (
      f.attempt_id IS NOT NULL
      OR (n.status = 'pending' AND f.status <> 'pending')
      OR (n.endpoint_url IS NULL AND f.endpoint_url IS NOT NULL)
    )
    AND (f.status = n.status OR f.status = 'pending' OR n.status = 'pending')
    AND (f.endpoint_url = n.endpoint_url OR f.endpoint_url IS NULL OR n.endpoint_url IS NULL)
  GROUP BY n.place
),
merged_rows AS (
  SELECT
    COALESCE(t.attempt_key, r.row_key) AS attempt_key, r.event_uuid,
    MAX(r.endpoint_url) AS endpoint_url, MAX(r.event_type) AS event_type,
    MAX(r.transaction_id) AS transaction_id, MIN(r.created_at) AS created_at,
    MIN(r.attempted_at) AS attempted_at,
    CASE
      WHEN BOOL_OR(r.status = 'success') AND BOOL_OR(r.status = 'failed') THEN 'conflict'
      WHEN BOOL_OR(r.status = 'success') THEN 'success'
      WHEN BOOL_OR(r.status = 'failed') THEN 'failed'
      WHEN BOOL_OR(r.status = 'pending') THEN 'pending'
      ELSE 'none'
    END AS status,
    MAX(r.http_status) AS http_status, MAX(r.error_kind) AS error_kind,
    MAX(r.response) AS response, MAX(r.latency_ms) AS latency_ms, COUNT(*) AS observations,
    MIN(r.file_id) AS file_id, ARG_MIN(r.line, (r.file_id, r.line)) AS line, MIN(r.place) AS place
  FROM repeated_rows AS r
  LEFT JOIN taken_keys AS t ON t.place = r.place
  GROUP BY COALESCE(t.attempt_key, r.row_key), r.event_uuid
),
event_endpoints AS (
  SELECT event_uuid, MAX(endpoint_url) AS endpoint_url
  FROM repeated_rows GROUP BY event_uuid HAVING COUNT(DISTINCT endpoint_url) = 1
),
sole_endpoint AS (
  SELECT MAX(endpoint_url) AS endpoint_url
  FROM (SELECT endpoint_url FROM attempt_records UNION SELECT endpoint_url FROM endpoints)
  HAVING COUNT(endpoint_url) = 1
),
all_rows AS (
  SELECT
    m.* EXCLUDE (endpoint_url, place), COALESCE(m.endpoint_url, e.endpoint_url) AS endpoint_url,
    MIN(m.place) OVER (
      PARTITION BY m.event_uuid, COALESCE(m.endpoint_url, e.endpoint_url)
    ) AS delivery_no
  FROM merged_rows AS m
  LEFT JOIN event_endpoints AS e ON e.event_uuid = m.event_uuid
  UNION ALL BY NAME
  SELECT row_key AS attempt_key, * EXCLUDE (row_key, place), place AS delivery_no, 1 AS observations
  FROM named_rows WHERE hash(event_uuid) NOT IN (FROM repeated_events)
)
SELECT
  a.attempt_key, a.event_uuid,
  COALESCE(a.endpoint_url, (SELECT endpoint_url FROM sole_endpoint), '') AS endpoint_url,
  a.event_type, a.transaction_id, a.created_at,
  COALESCE(a.attempted_at, u.since) AS attempted_at, u.until AS attempted_until, a.status,
  a.http_status, a.error_kind, a.response, a.latency_ms,
  COALESCE(LIST_CONTAINS(s.test_event_types, a.event_type), FALSE) AS is_test,
  a.observations, a.file_id, a.line, a.delivery_no
FROM all_rows AS a
LEFT JOIN settings AS s ON TRUE
LEFT JOIN untimed_attempts AS u
  ON u.attempt_id = a.attempt_key AND u.event_uuid = a.event_uuid AND a.attempted_at IS NULL
