/* receipts: one arrival within one layer; the lines of one request are one receipt.
   grain:  one arrival in one stream
   inputs: receipt_lines, request_keys, arrivals

   accepted:  a 2xx answer; without a status, that it was processed or known; NULL: not told.
   processed: the application says so; false where it says that it failed; NULL where it says
              neither: a 2xx alone proves no processing, and a duplicate has known_before.
   A row of a receipts table is an event that was taken in, and processed unless it says less. */
WITH requests AS (
  SELECT
    l.generation_id, l.byte_offset, l.layer, l.stream, l.event_uuid, l.uuid_by, l.transaction_id,
    l.event_type, l.started_at, l.logged_at, l.duration_ms, l.method, l.path, l.http_status,
    l.source_ip, l.request_id,
    l.mark = 'processed' AS was_processed,
    COALESCE(l.mark IN ('received', 'duplicate'), FALSE) AS was_received,
    l.mark IN ('failed', 'signature_failed') AS was_dropped,
    l.mark = 'duplicate' AS was_known,
    l.mark = 'signature_failed' AS signature_failed,
    1 AS lines, l.file_id, l.line
  FROM receipt_lines AS l
  WHERE NOT EXISTS (
    SELECT 1 FROM request_keys AS k WHERE k.stream = l.stream AND k.request_key = l.request_key
  )
  UNION ALL
  SELECT
    MIN(l.generation_id), ARG_MIN(l.byte_offset, l.generation_id * 10000000000000 + l.byte_offset),
    MAX(l.layer), l.stream, MAX(l.event_uuid), MIN(l.uuid_by), MAX(l.transaction_id),
    MAX(l.event_type), MIN(l.started_at), MAX(l.logged_at), MAX(l.duration_ms), MAX(l.method),
    MAX(l.path), MAX(l.http_status), MAX(l.source_ip), MAX(l.request_id),
    BOOL_OR(l.mark = 'processed'), FALSE, BOOL_OR(l.mark IN ('failed', 'signature_failed')),
    BOOL_OR(l.mark = 'duplicate'), BOOL_OR(l.mark = 'signature_failed'),
    COUNT(*), MIN(l.file_id),
    ARG_MIN(l.line, l.generation_id * 10000000000000 + l.byte_offset)
  FROM receipt_lines AS l
  JOIN request_keys AS k ON k.stream = l.stream AND k.request_key = l.request_key
  LEFT JOIN arrivals AS a ON a.generation_id = l.generation_id AND a.byte_offset = l.byte_offset
  GROUP BY l.stream, l.request_key, a.arrival
)
SELECT
  generation_id * 10000000000000 + byte_offset AS receipt_id,
  layer,
  stream,
  event_uuid,
  uuid_by,
  transaction_id,
  event_type,
  started_at AS received_at,
  logged_at AS ended_at,
  duration_ms,
  method,
  path,
  http_status,
  source_ip,
  request_id,
  CASE
    WHEN http_status IS NOT NULL THEN http_status BETWEEN 200 AND 299
    WHEN was_processed OR was_known OR layer = 'table' THEN TRUE
  END AS accepted,
  CASE
    WHEN layer = 'edge' THEN NULL
    WHEN was_processed THEN TRUE
    WHEN was_dropped THEN FALSE
    WHEN layer = 'table' AND NOT was_received THEN COALESCE(http_status, 200) < 300
  END AS processed,
  COALESCE(was_known, FALSE) AS known_before,
  COALESCE(signature_failed, FALSE) AS signature_failed,
  lines,
  file_id,
  line
FROM requests
