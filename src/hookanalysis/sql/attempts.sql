/* attempts: one HTTP try as the sender logged it, merged over all exports that tell of it.
   grain:  one attempt; an event that an export lists without attempts is a row of status none
   inputs: attempt_records, nameless_attempts, endpoints, settings

   Merging is a lattice, so load order never matters: none < pending < one final status, and two
   different final statuses are a conflict. Only repeated keys are merged, which keeps it cheap.
   An endpoint that no export names is filled in where only one can be meant, else it is empty. */
WITH keyed_rows AS (
  SELECT
    attempt_id AS attempt_key, event_uuid, endpoint_url, event_type, transaction_id, created_at,
    attempted_at, status, http_status, error_kind, response, latency_ms, file_id, line
  FROM attempt_records
  WHERE attempt_id IS NOT NULL
  UNION ALL
  SELECT
    n.attempt_key, r.event_uuid, r.endpoint_url, r.event_type, r.transaction_id, r.created_at,
    r.attempted_at, r.status, r.http_status, r.error_kind, r.response, r.latency_ms, r.file_id,
    r.line
  FROM attempt_records AS r
  JOIN nameless_attempts AS n ON n.generation_id = r.generation_id AND n.byte_offset = r.byte_offset
  WHERE r.attempt_id IS NULL
),
repeated_keys AS (
  SELECT attempt_key FROM keyed_rows GROUP BY attempt_key HAVING COUNT(*) > 1
),
merged_rows AS (
  SELECT
    attempt_key, event_uuid, endpoint_url, event_type, transaction_id, created_at, attempted_at,
    status, http_status, error_kind, response, latency_ms, 1 AS observations, file_id, line
  FROM keyed_rows
  WHERE attempt_key NOT IN (SELECT attempt_key FROM repeated_keys)
  UNION ALL
  SELECT
    attempt_key,
    event_uuid,
    MAX(endpoint_url) AS endpoint_url,
    MAX(event_type) AS event_type,
    MAX(transaction_id) AS transaction_id,
    MIN(created_at) AS created_at,
    MIN(attempted_at) AS attempted_at,
    CASE
      WHEN BOOL_OR(status = 'success') AND BOOL_OR(status = 'failed') THEN 'conflict'
      WHEN BOOL_OR(status = 'success') THEN 'success'
      WHEN BOOL_OR(status = 'failed') THEN 'failed'
      WHEN BOOL_OR(status = 'pending') THEN 'pending'
      ELSE 'none'
    END AS status,
    MAX(http_status) AS http_status,
    MAX(error_kind) AS error_kind,
    MAX(response) AS response,
    MAX(latency_ms) AS latency_ms,
    COUNT(*) AS observations,
    MIN(file_id) AS file_id,
    ARG_MIN(line, file_id * 1000000000000 + line) AS line
  FROM keyed_rows
  WHERE attempt_key IN (SELECT attempt_key FROM repeated_keys)
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
sole_endpoints AS (
  SELECT MAX(n.endpoint_url) AS endpoint_url
  FROM (
    SELECT endpoint_url FROM attempt_records
    UNION
    SELECT endpoint_url FROM endpoints
  ) AS n
  HAVING COUNT(n.endpoint_url) = 1
)
SELECT
  m.attempt_key, m.event_uuid,
  COALESCE(m.endpoint_url, e.endpoint_url, s.endpoint_url, '') AS endpoint_url,
  m.event_type, m.transaction_id, m.created_at, m.attempted_at, m.status, m.http_status,
  m.error_kind, m.response, m.latency_ms,
  COALESCE(LIST_CONTAINS(t.test_event_types, m.event_type), FALSE) AS is_test,
  m.observations, m.file_id, m.line
FROM merged_rows AS m
LEFT JOIN event_endpoints AS e ON e.event_uuid = m.event_uuid
LEFT JOIN sole_endpoints AS s ON TRUE
LEFT JOIN settings AS t ON TRUE
