/* undecided_deliveries: deliveries that may or may not own a request in the logs.
   grain:  one event for one endpoint
   inputs: open_ends, matches, attempts, receipts, stranger_requests

   Either edge lines close by fit several attempts; or a receipt names the event, but not to which
   endpoint it went; or one names a transaction of which several events may be meant; or a
   request from an address that is not known to be the sender's may be theirs. */
WITH unclear_transactions AS (
  SELECT DISTINCT transaction_id, event_type
  FROM receipts
  WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
)
SELECT event_uuid, endpoint_url
FROM open_ends
UNION
SELECT event_uuid, endpoint_url
FROM stranger_requests
UNION
SELECT a.event_uuid, a.endpoint_url
FROM matches AS m
JOIN attempts AS a ON a.event_uuid = m.event_uuid
WHERE m.endpoint_url = '' AND NOT m.listed AND NOT m.stranger AND a.endpoint_url <> ''
UNION
SELECT a.event_uuid, a.endpoint_url
FROM unclear_transactions AS u
JOIN attempts AS a ON a.transaction_id = u.transaction_id
WHERE COALESCE(a.event_type = u.event_type, TRUE)
  AND NOT EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.event_uuid = a.event_uuid AND m.endpoint_url = a.endpoint_url AND m.counts
  )
