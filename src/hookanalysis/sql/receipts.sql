/* receipts: one arrival within one layer; the lines of one request are one receipt.
   grain:  one arrival in one stream
   inputs: receipt_lines, arrivals

   accepted:  a 2xx answer, also behind a proxy that had given up by then; without a status, that it
              was processed or known; NULL: not told.
   processed: the application says so; false where it says that it failed; NULL where it says
              neither: a 2xx alone proves no processing, and a duplicate has known_before.
   A row of a receipts table is an event that was taken in, and processed unless it says less. */
WITH requests AS (
  SELECT
    * EXCLUDE (mark, kind, words, learnt, request_key), mark = 'processed' AS was_processed,
    mark IN ('received', 'duplicate') AS was_received,
    mark IN ('failed', 'signature_failed') AS was_dropped, mark = 'duplicate' AS was_known,
    mark = 'signature_failed' AS signature_failed, FALSE AS answered_well, 1 AS lines
  FROM receipt_lines
  ANTI JOIN arrivals USING (place)
  UNION ALL BY NAME
  SELECT
    MIN(place) AS place, MAX(layer) AS layer, stream, MAX(event_uuid) AS event_uuid,
    MIN(uuid_by) AS uuid_by, MAX(transaction_id) AS transaction_id, MAX(event_type) AS event_type,
    MIN(started_at) AS started_at, MAX(logged_at) AS logged_at, MAX(duration_ms) AS duration_ms,
    MAX(method) AS method, MAX(path) AS path, MAX(http_status) AS http_status,
    MAX(source_ip) AS source_ip, MAX(agent) AS agent, MAX(request_id) AS request_id,
    BOOL_OR(mark = 'processed') AS was_processed,
    BOOL_OR(mark IN ('failed', 'signature_failed')) AS was_dropped,
    BOOL_OR(mark = 'duplicate') AND NOT was_processed AS was_known,
    BOOL_OR(mark = 'signature_failed') AS signature_failed,
    BOOL_OR(http_status BETWEEN 200 AND 299) AS answered_well,
    COUNT(*) AS lines, ARG_MIN(file_id, place) AS file_id, ARG_MIN(line, place) AS line
  FROM receipt_lines JOIN arrivals USING (place)
  GROUP BY stream, request_key, arrival
)
SELECT
  place AS receipt_id, layer, stream, event_uuid, uuid_by, transaction_id, event_type,
  started_at AS received_at, logged_at AS ended_at, duration_ms, method, path, http_status,
  source_ip, agent, request_id,
  CASE
    WHEN http_status IS NOT NULL
      THEN http_status BETWEEN 200 AND 299 OR (is_proxys(http_status) AND COALESCE(answered_well, FALSE))
    WHEN was_processed OR was_known OR layer = 'table' AND NOT COALESCE(was_dropped, FALSE) THEN TRUE
  END AS accepted,
  CASE
    WHEN layer = 'edge' AND lines = 1 THEN NULL
    WHEN was_processed THEN TRUE
    WHEN was_dropped THEN FALSE
    WHEN layer = 'table' AND NOT COALESCE(was_received, FALSE)
      THEN COALESCE(http_status, 200) < 300
  END AS processed,
  COALESCE(was_known, FALSE) AS known_before,
  COALESCE(signature_failed, FALSE) AS signature_failed, lines, file_id, line
FROM requests
