/* undecided_deliveries: deliveries that may or may not own a request in the logs.
   grain:  one event for one endpoint
   inputs: requests, nameless_receipts, matches, attempts, receipts

   Either a line fits several requests, in some assignment also this one, and the edge, whole at that
   time, may have one of it; or a receipt names the event, but not to which endpoint it went; or one
   names a transaction of which several events may be meant. behind_edge: it may own a line there.
   reason: where only a request from an address that is not known to be the sender's may be it, the
   address. */
WITH undecided AS (
  SELECT
    a.delivery_no, q.layer <> 'edge' AS behind_edge,
    CASE WHEN r.stranger THEN reason('unlisted_address', address := r.source_ip) END AS reason
  FROM requests AS q
  JOIN attempts AS a ON a.event_uuid = q.event_uuid AND a.endpoint_url = q.endpoint_url
  LEFT JOIN nameless_receipts AS r ON r.receipt_id = q.stranger_id
  WHERE q.state = 'open' AND NOT q.shown AND NOT EXISTS (
    SELECT 1 FROM requests AS o
    WHERE o.layer = 'edge' AND q.layer <> 'edge' AND o.state = 'none' AND o.covered
      AND o.event_uuid = q.event_uuid AND o.endpoint_url = q.endpoint_url
      AND o.attempt_key = q.attempt_key AND o.nth = q.nth
  )
  UNION ALL
  SELECT a.delivery_no, m.layer <> 'edge', NULL
  FROM matches AS m
  JOIN attempts AS a ON a.event_uuid = m.event_uuid
  WHERE m.endpoint_url = '' AND NOT m.listed AND NOT m.stranger AND a.endpoint_url <> ''
  UNION ALL
  SELECT a.delivery_no, TRUE, NULL
  FROM (
    SELECT DISTINCT transaction_id, event_type
    FROM receipts
    WHERE event_uuid IS NULL AND transaction_id IS NOT NULL
  ) AS u
  JOIN attempts AS a ON a.transaction_id = u.transaction_id
  WHERE COALESCE(a.event_type = u.event_type, TRUE)
    AND a.delivery_no NOT IN (SELECT delivery_no FROM matches WHERE counts)
  UNION ALL
  -- A refusal that names the event, from an address that the settings do not name.
  SELECT m.delivery_no, FALSE, reason('unlisted_address', address := r.source_ip)
  FROM matches AS m
  JOIN attempts AS a ON a.delivery_no = m.delivery_no AND a.attempt_key = m.attempt_key
  JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE m.stranger AND NOT m.counts AND COALESCE(m.http_status = a.http_status, TRUE)
    AND m.delivery_no NOT IN (SELECT delivery_no FROM matches WHERE counts AND accepted)
)
SELECT delivery_no, BOOL_OR(behind_edge) AS behind_edge, MIN(reason) AS reason
FROM undecided
GROUP BY delivery_no
