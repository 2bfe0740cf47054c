/* unheard_successes: failed deliveries of which nobody would tell that a later try succeeded.
   grain:  one event for one endpoint
   inputs: sender_deliveries, coverage, matches

   Of the time of the last failure only failed attempts were exported, and no log names the events
   that come to the endpoint: it may have been sent again, and have arrived. */
WITH named_endpoints AS (
  SELECT DISTINCT endpoint_url FROM matches WHERE match_rule <> 'time'
)
SELECT
  d.event_uuid, d.endpoint_url,
  'sender_filtered: only failed attempts were exported, and no log names the events: a later '
    || 'success would not show; export all attempts' AS reason
FROM sender_deliveries AS d
WHERE d.says IN ('fail_http', 'fail_nohttp')
  AND d.endpoint_url NOT IN (SELECT endpoint_url FROM named_endpoints)
  AND EXISTS (
    SELECT 1 FROM coverage AS f
    WHERE f.side = 'sender' AND f.covered AND f.completeness = 'failures'
      AND d.last_attempt_at BETWEEN f.starts_at AND f.ends_at
  )
  AND NOT EXISTS (
    SELECT 1 FROM coverage AS v
    WHERE v.side = 'sender' AND v.covered AND v.completeness IN ('all', 'successes')
      AND d.last_attempt_at BETWEEN v.starts_at AND v.ends_at
  )
