/* undecided_deliveries: deliveries that may or may not own a request in the logs.
   grain:  one event for one endpoint
   inputs: requests, placed_receipts, matches, attempts, receipts

   Either a line fits several requests, in some assignment also this one; or a receipt names the
   event, but not to which endpoint it went; or one names a transaction of which several events may
   be meant. reason: where only a request from an address that is not known to be the sender's may be
   it, the address. */
WITH unclear_transactions AS (
  SELECT DISTINCT transaction_id, event_type
  FROM receipts
  WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
),
undecided AS (
  SELECT
    q.event_uuid, q.endpoint_url,
    CASE WHEN r.stranger THEN 'unlisted_address: a request from ' || r.source_ip || ' may be it; '
      || 'if that address is the sender''s, add it (and others like it) to sender_ips in '
      || 'hookanalysis.toml, and load again' END AS reason
  FROM requests AS q
  LEFT JOIN placed_receipts AS r ON r.receipt_id = q.stranger_id
  WHERE q.state = 'open' AND NOT q.shown
  UNION ALL
  SELECT a.event_uuid, a.endpoint_url, NULL
  FROM matches AS m
  JOIN attempts AS a ON a.event_uuid = m.event_uuid
  WHERE m.endpoint_url = '' AND NOT m.listed AND NOT m.stranger AND a.endpoint_url <> ''
  UNION ALL
  SELECT a.event_uuid, a.endpoint_url, NULL
  FROM unclear_transactions AS u
  JOIN attempts AS a ON a.transaction_id = u.transaction_id
  WHERE COALESCE(a.event_type = u.event_type, TRUE)
    AND NOT EXISTS (
      SELECT 1 FROM matches AS m
      WHERE m.event_uuid = a.event_uuid AND m.endpoint_url = a.endpoint_url AND m.counts
    )
)
SELECT event_uuid, endpoint_url, MIN(reason) AS reason
FROM undecided
GROUP BY event_uuid, endpoint_url
