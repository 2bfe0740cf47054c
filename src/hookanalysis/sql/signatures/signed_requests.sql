/* signed_requests: lines that hold a signature, with the id that it should be made of.
   grain:  one line of a log or export
   inputs: receipt_records, attempt_records

   The payload's id is the transaction's: as the line says it, else as the sender's export does. */
WITH signed_lines AS (
  SELECT event_uuid, logged_at, file_id, line, transaction_id, signature_head
  FROM receipt_records WHERE signature_head IS NOT NULL
  UNION ALL
  SELECT event_uuid, attempted_at AS logged_at, file_id, line, transaction_id, signature_head
  FROM attempt_records WHERE signature_head IS NOT NULL
),
known_ids AS (
  SELECT event_uuid, MAX(transaction_id) AS transaction_id
  FROM attempt_records WHERE event_uuid IN (SELECT event_uuid FROM signed_lines)
  GROUP BY event_uuid
)
SELECT
  s.event_uuid, s.logged_at, s.file_id, s.line,
  COALESCE(s.transaction_id, k.transaction_id) AS payload_id, s.signature_head
FROM signed_lines AS s
LEFT JOIN known_ids AS k ON k.event_uuid = s.event_uuid
