/* lacks: what the loaded files do not tell, without which deliveries cannot be judged.
   grain:  one lack: a code of words.LACKS, and the stream that it is about (NULL: all)
   inputs: attempt_records, receipt_records, activity, generations, endpoints, settings */
WITH sent AS (FROM attempt_records JOIN generations USING (generation_id)),
arrived AS (FROM receipt_records JOIN generations USING (generation_id)),
attempt_span AS (SELECT min(attempted_at) AS low, max(attempted_at) AS high FROM attempt_records),
log_span AS (
  SELECT min(first_at) AS low, max(last_at) AS high, count(*) AS minutes
  FROM activity JOIN generations USING (generation_id)
  WHERE side = 'receiver'
)
SELECT 'no_attempts' AS code, NULL AS stream WHERE NOT EXISTS (FROM attempt_records)
UNION ALL
SELECT 'no_receipts', NULL FROM log_span WHERE minutes = 0
UNION ALL
SELECT DISTINCT 'no_endpoint', stream FROM sent
WHERE endpoint_url IS NULL AND NOT EXISTS (FROM endpoints)
UNION ALL
SELECT 'no_time', stream FROM sent
GROUP BY stream HAVING count(attempted_at) + count(created_at) = 0
UNION ALL
SELECT 'apart', NULL
FROM attempt_span AS a, log_span AS l, settings AS s
WHERE a.high < l.low - to_seconds(s.tolerance_seconds)
  OR a.low > l.high + to_seconds(s.tolerance_seconds)
UNION ALL
SELECT 'no_webhooks', NULL
FROM log_span WHERE minutes > 0 AND NOT EXISTS (FROM receipt_records)
UNION ALL
SELECT 'no_answers', stream FROM arrived
GROUP BY stream HAVING count(http_status) + count(step) = 0
UNION ALL
SELECT 'no_names', NULL FROM receipt_records
HAVING count(*) > 0 AND count(event_uuid) + count(candidate_uuids) = 0
