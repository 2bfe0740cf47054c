/* unlisted_resends: failed deliveries accepted later, when no export would list a success.
   grain:  one event for one endpoint
   inputs: sender_deliveries, counted_receipts, coverage, settings

   The receipt came long after the last attempt that is listed, so there was another: where only
   failures were exported, its success is not denied by being absent. */
SELECT d.event_uuid, d.endpoint_url
FROM sender_deliveries AS d
JOIN counted_receipts AS r ON r.event_uuid = d.event_uuid AND r.endpoint_url = d.endpoint_url
CROSS JOIN settings AS s
WHERE d.says IN ('fail_http', 'fail_nohttp')
  AND r.first_accepted_at
    > d.last_attempt_at + (s.timeout_seconds + s.tolerance_seconds) * INTERVAL '1 second'
  AND NOT EXISTS (
    SELECT 1 FROM coverage AS v
    WHERE v.side = 'sender' AND v.covered AND v.completeness IN ('all', 'successes')
      AND r.first_accepted_at BETWEEN v.starts_at AND v.ends_at
  )
