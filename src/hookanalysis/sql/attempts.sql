/* attempts: one HTTP try as the sender logged it, merged over all exports that tell of it.
   grain:  one attempt; an event that an export lists without attempts is a row of status none
   inputs: attempt_records, generations, endpoints, settings

   A row without an attempt id is known by event, endpoint, time and answer, and its n-th copy in one
   export is the n-th copy in any other. It takes over the key of a row of the same event and second
   that says more: one with an attempt id, with the final status, or with the endpoint.
   Merging is a lattice, so load order never matters: none < pending < one final status, and two
   different final statuses are a conflict. Only rows of repeated events are merged: they are few.
   An attempt that tells no time was made between its neighbours: in the order of the rows (upwards or
   downwards) or of the ids in all exports of the format, whichever the times follow best, give or
   take the largest step back among them (disorder). Few or wild times show no order; then, and beyond
   the first and the last row, only retention_days bound it.
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
    ) AS row_key,
    -- Numbers in place of names: a chance equality only compares what is not to be merged.
    hash(event_uuid) AS event_no
  FROM attempt_records
),
repeated_events AS (
  SELECT event_no FROM named_rows GROUP BY ALL HAVING COUNT(*) > 1
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
  FROM named_rows
  WHERE event_no IN (FROM repeated_events)
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
  FROM repeated_rows
  GROUP BY event_uuid
  HAVING COUNT(DISTINCT endpoint_url) = 1
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
  SELECT
    row_key AS attempt_key, * EXCLUDE (row_key, place), place AS delivery_no, 1 AS observations
  FROM named_rows
  WHERE event_no NOT IN (FROM repeated_events)
),
ordered_rows AS (
  SELECT
    r.generation_id, r.attempt_id, r.event_uuid, r.attempted_at, r.created_at, w.way,
    CASE w.way WHEN 1 THEN g.format ELSE CAST(r.generation_id AS VARCHAR) END AS series,
    CASE w.way WHEN 1 THEN TRY_CAST(r.attempt_id AS BIGINT) ELSE w.way * r.byte_offset END AS nth,
    COALESCE(g.retention_days, s.retention_days) * INTERVAL '1 day' AS reach
  FROM attempt_records AS r
  JOIN generations AS g USING (generation_id)
  CROSS JOIN settings AS s
  CROSS JOIN (VALUES (1), (2), (-2)) AS w (way)
  WHERE g.format IN (
    SELECT format FROM attempt_records JOIN generations USING (generation_id)
    WHERE attempted_at IS NULL AND created_at IS NULL
  )
),
neighbours AS (
  SELECT
    *,
    MAX(attempted_at) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS earlier_at,
    MIN(attempted_at) OVER (in_order ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS later_at
  FROM ordered_rows
  WINDOW in_order AS (PARTITION BY way, series ORDER BY nth)
),
orders AS (
  SELECT
    way, series, MIN(attempted_at) AS first_at, MAX(attempted_at) AS last_at, MAX(reach) AS reach,
    MAX(earlier_at - attempted_at) AS step_back,
    CASE WHEN COUNT(DISTINCT attempted_at) >= 5 AND COUNT(nth) = COUNT(*)
      AND 4 * step_back < last_at - first_at THEN step_back END AS disorder
  FROM neighbours
  GROUP BY way, series
),
untimed AS (
  SELECT
    n.attempt_id, n.event_uuid, UNNEST(ARG_MIN({
      'since': GREATEST(n.earlier_at - o.disorder, LEAST(o.last_at - o.reach, o.first_at)),
      'until': LEAST(n.later_at + o.disorder, GREATEST(o.first_at + o.reach, o.last_at))
    }, (COALESCE(o.disorder, o.reach), n.way <> 1, n.later_at - n.earlier_at)))
  FROM neighbours AS n
  JOIN orders AS o USING (way, series)
  WHERE n.attempted_at IS NULL AND n.created_at IS NULL
  GROUP BY n.attempt_id, n.event_uuid
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
LEFT JOIN untimed AS u
  ON u.attempt_id = a.attempt_key AND u.event_uuid = a.event_uuid AND a.attempted_at IS NULL
