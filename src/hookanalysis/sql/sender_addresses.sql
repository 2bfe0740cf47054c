/* sender_addresses: which of the sender's own addresses show in the receiver's logs.
   grain:  one endpoint and address of the sender
   inputs: matches, receipts, settings */
SELECT
  m.endpoint_url, r.source_ip, COUNT(*) AS receipts, MIN(m.arrived_at) AS first_at,
  MAX(m.arrived_at) AS last_at
FROM matches AS m JOIN receipts AS r ON r.receipt_id = m.receipt_id
CROSS JOIN settings AS s
WHERE LIST_CONTAINS(s.sender_ips, r.source_ip) AND m.endpoint_url <> ''
GROUP BY m.endpoint_url, r.source_ip
