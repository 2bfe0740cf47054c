/* repeated_arrivals: the arrivals of events that count more than once in a layer.
   grain:  one arrival
   inputs: repeated_matches, twin_streams

   What twin logs tell of one attempt is one arrival: the n-th receipt in the one is the n-th in
   the other. */
WITH numbered_matches AS (
  SELECT
    m.receipt_id, m.event_uuid, m.endpoint_url, m.layer, m.attempt_key, m.match_rule,
    m.arrived_at, m.ended_at, m.path, m.http_status, m.accepted, m.processed, m.known_before,
    m.signature_failed, m.stranger,
    COALESCE(t.twin_group, m.stream) AS log_name,
    ROW_NUMBER() OVER (
      PARTITION BY m.event_uuid, m.endpoint_url, m.layer, m.attempt_key, m.stream
      ORDER BY m.arrived_at NULLS LAST, m.ended_at NULLS LAST, m.receipt_id NULLS LAST
    ) AS nth
  FROM repeated_matches AS m
  LEFT JOIN twin_streams AS t ON t.layer = m.layer AND t.stream = m.stream
)
SELECT
  MIN(receipt_id) AS receipt_id,
  event_uuid,
  endpoint_url,
  layer,
  attempt_key,
  MIN(match_rule) AS match_rule,
  MIN(arrived_at) AS arrived_at,
  MAX(ended_at) AS ended_at,
  MAX(path) AS path,
  MAX(http_status) AS http_status,
  BOOL_OR(accepted) AS accepted,
  BOOL_OR(processed) AS processed,
  BOOL_OR(known_before) AS known_before,
  BOOL_OR(signature_failed) AS signature_failed,
  BOOL_AND(stranger) AS stranger
FROM numbered_matches
GROUP BY event_uuid, endpoint_url, layer, attempt_key, log_name, nth
