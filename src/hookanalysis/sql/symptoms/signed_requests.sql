/* signed_requests: lines that hold a signature, with the id that it should be made of.
   grain:  one line of a receiver's log
   inputs: receipt_records, attempt_records

   The payload's id is the transaction's: as the line says it, else as the sender's export does. */
WITH known_ids AS (
  SELECT event_uuid, MAX(transaction_id) AS transaction_id
  FROM attempt_records
  WHERE event_uuid IN (
    SELECT event_uuid FROM receipt_records WHERE signature_head IS NOT NULL
  )
  GROUP BY event_uuid
)
SELECT
  r.event_uuid,
  r.logged_at,
  r.file_id,
  r.line,
  COALESCE(r.transaction_id, k.transaction_id) AS payload_id,
  r.signature_head
FROM receipt_records AS r
LEFT JOIN known_ids AS k ON k.event_uuid = r.event_uuid
WHERE r.signature_head IS NOT NULL
