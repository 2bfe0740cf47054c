/* silent_successes: deliveries of which some attempts left a receipt, but none that succeeded.
   grain:  one event for one endpoint
   inputs: repeated_attempts, matches

   What the receiver answered to the others does not contradict the success. */
SELECT r.event_uuid, r.endpoint_url
FROM repeated_attempts AS r
LEFT JOIN matches AS m
  ON m.event_uuid = r.event_uuid AND m.attempt_key = r.attempt_key AND m.counts
WHERE r.status = 'success'
GROUP BY r.event_uuid, r.endpoint_url
HAVING COUNT(m.event_uuid) = 0
