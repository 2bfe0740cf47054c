/* receipt_lines: each kept line of a receiver's log with its event, its step and its request.
   grain:  one line
   inputs: receipt_records, generations, attempt_records, learnt_steps

   A bare uuid is the event's only where the sender exported it and no other on the line is so. A
   line that names no event but its transaction is of the one event that the sender exported for it
   (and for the event type, where the line says it).
   mark is what the line says of the request; answered is a status without words about a step.
   kind tells lines of one step apart that one request writes: a middleware's and a handler's.
   request_key holds together the lines that may be of one request, as far as one line can tell: by
   event, or by the id of a request of which no line names one event. Lines of an edge log or of a
   receipts table stand alone and have none. */
WITH bare_uuids AS (
  SELECT generation_id, byte_offset, UNNEST(candidate_uuids) AS event_uuid
  FROM receipt_records
  WHERE event_uuid IS NULL AND candidate_uuids IS NOT NULL
),
known_uuids AS (
  SELECT generation_id, byte_offset, MAX(event_uuid) AS event_uuid
  FROM bare_uuids
  WHERE event_uuid IN (SELECT event_uuid FROM attempt_records)
  GROUP BY generation_id, byte_offset
  HAVING COUNT(DISTINCT event_uuid) = 1
),
nameless_transactions AS (
  SELECT DISTINCT transaction_id, event_type
  FROM receipt_records
  WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
),
transactions AS (
  SELECT n.transaction_id, n.event_type, MIN(a.event_uuid) AS event_uuid
  FROM nameless_transactions AS n
  JOIN attempt_records AS a
    ON a.transaction_id = n.transaction_id AND COALESCE(a.event_type = n.event_type, TRUE)
  GROUP BY n.transaction_id, n.event_type
  HAVING MIN(a.event_uuid) = MAX(a.event_uuid)
),
named_lines AS (
  SELECT
    r.*, g.layer, g.stream, g.time_marks,
    hash(r.step, r.message, r.http_status IS NULL) AS kind, k.event_uuid AS known_uuid, t.event_uuid AS paid_uuid,
    COALESCE(r.event_uuid, k.event_uuid, t.event_uuid) AS named_uuid
  FROM receipt_records AS r
  JOIN generations AS g ON g.generation_id = r.generation_id
  LEFT JOIN known_uuids AS k
    ON k.generation_id = r.generation_id AND k.byte_offset = r.byte_offset
  LEFT JOIN transactions AS t
    ON t.transaction_id = r.transaction_id AND t.event_type IS NOT DISTINCT FROM r.event_type
    AND r.event_uuid IS NULL AND k.event_uuid IS NULL
),
request_events AS (
  SELECT stream, request_id, MIN(named_uuid) AS event_uuid
  FROM named_lines
  WHERE request_id IS NOT NULL AND named_uuid IS NOT NULL AND layer NOT IN ('edge', 'table')
  GROUP BY stream, request_id
  HAVING MIN(named_uuid) = MAX(named_uuid)
)
SELECT
  r.generation_id,
  r.byte_offset,
  r.file_id,
  r.line,
  r.layer,
  r.stream,
  r.named_uuid AS event_uuid,
  CASE
    WHEN r.event_uuid IS NOT NULL THEN 'key'
    WHEN r.known_uuid IS NOT NULL THEN 'known'
    WHEN r.paid_uuid IS NOT NULL THEN 'transaction'
  END AS uuid_by,
  r.transaction_id,
  r.event_type,
  r.logged_at,
  CASE
    WHEN r.time_marks = 'end' AND r.duration_ms > 0
      THEN r.logged_at - r.duration_ms * INTERVAL '1 millisecond'
    ELSE r.logged_at
  END AS started_at,
  r.duration_ms,
  r.method,
  r.path,
  r.http_status,
  r.source_ip,
  r.request_id,
  CASE
    WHEN s.kind IS NOT NULL AND COALESCE(r.http_status, 200) < 300 THEN 'processed'
    ELSE COALESCE(r.step, CASE WHEN r.http_status IS NOT NULL THEN 'answered' END)
  END AS mark,
  r.kind,
  CASE
    WHEN r.layer NOT IN ('edge', 'table') THEN COALESCE(r.named_uuid, e.event_uuid, r.request_id)
  END AS request_key
FROM named_lines AS r
LEFT JOIN request_events AS e ON e.stream = r.stream AND e.request_id = r.request_id
LEFT JOIN learnt_steps AS s ON s.layer = r.layer AND s.kind = r.kind
