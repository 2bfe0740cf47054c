/* repeats: how a delivery came to be accepted more than once in a layer.
   grain:  one event for one endpoint with two or more accepted receipts in one layer
   inputs: repeated_arrivals, attempts, settings

   The second accepted receipt decides. If an attempt of its own explains it: a resend, after
   success, after a time-out (no answer), or after another failure. Otherwise it is the sender's or
   a proxy's doing if it came at once (double_send), else somebody's replay. */
WITH accepted_receipts AS (
  SELECT
    event_uuid, endpoint_url, layer, attempt_key, arrived_at, stranger,
    ROW_NUMBER() OVER (
      PARTITION BY event_uuid, endpoint_url, layer
      ORDER BY arrived_at NULLS LAST, ended_at NULLS LAST, receipt_id NULLS LAST
    ) AS place
  FROM repeated_arrivals
  WHERE accepted OR processed
)
SELECT
  f.event_uuid,
  f.endpoint_url,
  f.layer,
  CASE
    WHEN n.stranger THEN 'replay'
    WHEN n.attempt_key <> f.attempt_key AND a.status = 'success' THEN 'resend_after_success'
    WHEN n.attempt_key <> f.attempt_key AND a.http_status IS NULL THEN 'retry_after_timeout'
    WHEN n.attempt_key <> f.attempt_key THEN 'resend_after_failure'
    WHEN n.arrived_at <= f.arrived_at + s.same_send_seconds * INTERVAL '1 second'
      THEN 'double_send'
    ELSE 'replay'
  END AS repeat_kind
FROM accepted_receipts AS f
JOIN accepted_receipts AS n
  ON n.event_uuid = f.event_uuid AND n.endpoint_url = f.endpoint_url AND n.layer = f.layer
  AND n.place = 2
LEFT JOIN attempts AS a ON a.event_uuid = f.event_uuid AND a.attempt_key = f.attempt_key
CROSS JOIN settings AS s
WHERE f.place = 1
