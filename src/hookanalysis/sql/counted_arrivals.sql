/* counted_arrivals: the arrivals of deliveries that are not plain, in each layer.
   grain:  one arrival in one layer
   inputs: matches, hard_attempts

   Twin logs tell of the same requests, such as an application server's and the application's own:
   the n-th receipt of an attempt in the one is the n-th in the other. Hosts behind one balancer
   share few deliveries, by double sends; twins share most of them: half of what the smaller log
   tells, or more. */
WITH hard_matches AS (
  SELECT *
  FROM matches
  WHERE counts AND (NOT listed OR delivery_no IN (SELECT delivery_no FROM hard_attempts))
),
shared AS (
  SELECT
    a.layer, a.stream, b.stream AS twin, COUNT(DISTINCT a.delivery_no) AS deliveries
  FROM hard_matches AS a
  JOIN hard_matches AS b
    ON b.layer = a.layer AND b.delivery_no = a.delivery_no AND b.stream <> a.stream
    AND COALESCE(b.path = a.path, TRUE)
  GROUP BY ALL
),
sizes AS (
  SELECT layer, stream, COUNT(DISTINCT delivery_no) AS deliveries
  FROM matches
  WHERE counts AND stream IN (SELECT stream FROM shared)
  GROUP BY ALL
),
twins AS (
  SELECT s.layer, s.stream, LEAST(s.stream, MIN(s.twin)) AS twin_group
  FROM shared AS s
  JOIN sizes AS a ON a.layer = s.layer AND a.stream = s.stream
  JOIN sizes AS b ON b.layer = s.layer AND b.stream = s.twin
  WHERE 2 * s.deliveries >= LEAST(a.deliveries, b.deliveries)
  GROUP BY s.layer, s.stream
),
numbered_matches AS (
  SELECT
    m.*, COALESCE(t.twin_group, m.stream) AS log_name,
    ROW_NUMBER() OVER (
      PARTITION BY m.delivery_no, m.layer, m.attempt_key, m.stream
      ORDER BY m.arrived_at, m.ended_at, m.receipt_id
    ) AS nth
  FROM hard_matches AS m
  LEFT JOIN twins AS t ON t.layer = m.layer AND t.stream = m.stream
)
SELECT
  delivery_no, event_uuid, endpoint_url, layer, attempt_key,
  MIN(receipt_id) AS receipt_id,
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
GROUP BY delivery_no, event_uuid, endpoint_url, layer, attempt_key, log_name, nth
