/* hard_attempts: the attempts of deliveries that are not plain; the others need no weighing.
   grain:  one attempt
   inputs: attempts, repeated_events, matches, processing_logs, serving_streams, shared_lines

   Plain is a delivery of one attempt, a success at a known time, and one receipt that counts, accepted, and said to
   be processed, unless no log of the endpoint would say so; and of none of its event is said that
   processing failed (shared_lines).
   shown: a receipt that counts is this attempt's; lined: any receipt; told: of its delivery. */
WITH crowded AS (
  SELECT delivery_no
  FROM attempts WHERE hash(event_uuid) IN (FROM repeated_events)
  GROUP BY ALL HAVING COUNT(*) > 1
  UNION ALL
  SELECT delivery_no FROM matches WHERE counts GROUP BY ALL HAVING COUNT(*) > 1
),
plain AS (
  SELECT delivery_no
  FROM matches
  WHERE counts AND listed AND endpoint_url <> '' AND (accepted OR processed)
    AND COALESCE(processed, CASE
      WHEN layer = 'edge'
        THEN endpoint_url NOT IN (SELECT endpoint_url FROM serving_streams WHERE layer <> 'edge')
      ELSE endpoint_url NOT IN (SELECT endpoint_url FROM processing_logs)
        OR event_uuid IN (SELECT event_uuid FROM shared_lines WHERE processed)
    END)
    AND delivery_no NOT IN (FROM crowded)
),
hard AS (
  SELECT a.* EXCLUDE (response, latency_ms, observations, file_id, line)
  FROM attempts AS a
  LEFT JOIN plain AS p ON p.delivery_no = a.delivery_no
  WHERE a.event_uuid IS NOT NULL AND (
    p.delivery_no IS NULL OR a.status <> 'success' OR a.attempted_until IS NOT NULL
    OR a.event_uuid IN (SELECT event_uuid FROM shared_lines WHERE one_failed)
  )
),
hard_matches AS (
  SELECT delivery_no, attempt_key, BOOL_OR(counts) AS counts
  FROM matches WHERE delivery_no IN (SELECT delivery_no FROM hard)
  GROUP BY ALL
)
SELECT
  h.*, COALESCE(m.counts, FALSE) AS shown, m.attempt_key IS NOT NULL AS lined,
  h.delivery_no IN (SELECT delivery_no FROM hard_matches) AS told
FROM hard AS h
LEFT JOIN hard_matches AS m ON m.delivery_no = h.delivery_no AND m.attempt_key = h.attempt_key
