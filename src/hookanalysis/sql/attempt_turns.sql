/* attempt_turns: for each attempt, from when to when an arrival of its event answers it.
   grain:  one attempt
   inputs: attempts, repeated_attempts, endpoint_paths

   A turn lasts until the next attempt for the same endpoint; the first also takes what is earlier.
   fanned: the event went to several endpoints, so the path must tell them apart. */
WITH turns AS (
  SELECT
    attempt_key, event_uuid, endpoint_url, attempted_at, latency_ms, status, http_status,
    error_kind, TRUE AS is_first, CAST(NULL AS TIMESTAMP) AS next_at, FALSE AS fanned
  FROM attempts
  WHERE status <> 'none' AND event_uuid NOT IN (SELECT event_uuid FROM repeated_attempts)
  UNION ALL
  SELECT
    attempt_key, event_uuid, endpoint_url, attempted_at, latency_ms, status, http_status,
    error_kind, ROW_NUMBER() OVER attempt_order = 1 AS is_first,
    LEAD(attempted_at) OVER attempt_order AS next_at,
    MIN(endpoint_url) OVER (PARTITION BY event_uuid)
      <> MAX(endpoint_url) OVER (PARTITION BY event_uuid) AS fanned
  FROM repeated_attempts
  WINDOW attempt_order AS (
    PARTITION BY event_uuid, endpoint_url
    ORDER BY attempted_at NULLS LAST, attempt_key NULLS LAST
  )
)
SELECT
  t.attempt_key,
  t.event_uuid,
  t.endpoint_url,
  p.path,
  t.attempted_at,
  t.latency_ms,
  t.next_at,
  t.is_first,
  t.fanned,
  t.status,
  t.http_status,
  t.error_kind
FROM turns AS t
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
