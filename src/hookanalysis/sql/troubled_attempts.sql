/* troubled_attempts: the attempts of each delivery that did not go well; tests left out.
   grain:  one attempt of a delivery that is not plainly delivered; a delivery without attempts has
           one row
   inputs: deliveries, attempts

   The good attempt of a recovered delivery is left out. */
SELECT
  d.event_uuid, d.endpoint_url, d.event_type, d.outcome, d.detail, a.attempt_key,
  COALESCE(a.attempted_at, a.created_at, d.first_receipt_at) AS happened_at,
  a.status, a.http_status, a.error_kind
FROM deliveries AS d
LEFT JOIN attempts AS a
  ON a.event_uuid = d.event_uuid AND a.endpoint_url = d.endpoint_url
WHERE d.outcome NOT IN ('delivered', 'pending') AND NOT COALESCE(d.is_test, FALSE)
  AND (d.outcome <> 'recovered' OR a.status <> 'success')
