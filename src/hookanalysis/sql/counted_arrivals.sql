/* counted_arrivals: the arrivals of deliveries that are not plain, in each layer.
   grain:  one arrival in one layer
   inputs: matches, hard_attempts, processing_logs, settings

   Twin logs tell of the same requests, such as an application server's and the application's own,
   or several hosts' and that of the one worker behind them. Twins share most deliveries: half of
   what the smaller log tells, or more, with more receipts than there were tries. Hosts behind one
   balancer share few, by double sends, or a try each.
   twin_group: logs that are twins, or twins of the same; side: those of them that are no twins, as
   the hosts. The n-th receipt of an attempt on one side is the n-th on any other,
   the accepted ones first: as many were accepted as the log says that saw most of them accepted.
   The sender's success is one request's: of two without a status of their own, one that failed while
   the other was processed is not the one that was accepted. Nor is one that failed and of which the
   logs that tell what is processed say no more, where one processed another as new. well, ill: a
   line that names no event tells how the attempt's only request was answered, which a receipt
   without a status does not; of as many requests as such lines, each how one was (told). broken: a
   proxy got no answer to it; beside another, this one is not said to be accepted, too. */
WITH hard_matches AS (
  -- What one log shows just before the only attempt of which another tells is of that attempt, too.
  SELECT m.* REPLACE (CASE
    WHEN COUNT(attempt_key) OVER (PARTITION BY delivery_no, layer, stream) = 0
      AND MIN(attempt_key) OVER in_layer = MAX(attempt_key) OVER in_layer
      AND MIN(arrived_at) FILTER (attempt_key IS NOT NULL) OVER in_layer
        <= arrived_at + s.same_send_seconds * INTERVAL '1 second'
    THEN MIN(attempt_key) OVER in_layer ELSE attempt_key END AS attempt_key),
    COALESCE(processed AND NOT known_before, FALSE) AND (endpoint_url, layer) IN (
      SELECT (endpoint_url, layer) FROM processing_logs
    ) AS worked_off
  FROM matches AS m CROSS JOIN settings AS s
  WHERE counts AND (NOT listed OR delivery_no IN (SELECT delivery_no FROM hard_attempts))
  WINDOW in_layer AS (PARTITION BY delivery_no, layer)
),
shown AS (
  SELECT layer, stream, delivery_no, path, BOOL_OR(listed) AS listed, COUNT(*) AS receipts
  FROM hard_matches GROUP BY ALL
),
shared AS (
  SELECT
    a.layer, a.stream, b.stream AS twin, COUNT(DISTINCT a.delivery_no) AS deliveries,
    COUNT(DISTINCT CASE WHEN a.listed THEN a.delivery_no END) AS listed
  FROM shown AS a
  JOIN shown AS b
    ON b.layer = a.layer AND b.delivery_no = a.delivery_no AND b.stream <> a.stream
    AND COALESCE(b.path = a.path, TRUE)
  LEFT JOIN (SELECT delivery_no, COUNT(*) AS tries FROM hard_attempts GROUP BY ALL) AS t ON t.delivery_no = a.delivery_no
  WHERE a.receipts + b.receipts > COALESCE(t.tries, 0) GROUP BY ALL
),
sizes AS (
  SELECT
    layer, stream, COUNT(DISTINCT delivery_no) AS deliveries,
    COUNT(DISTINCT CASE WHEN listed THEN delivery_no END) AS listed
  FROM matches WHERE counts AND stream IN (SELECT stream FROM shared)
  GROUP BY ALL
),
twins AS (
  SELECT s.layer, s.stream, s.twin
  FROM shared AS s JOIN sizes AS a ON a.layer = s.layer AND a.stream = s.stream
  JOIN sizes AS b ON b.layer = s.layer AND b.stream = s.twin
  WHERE 2 * s.deliveries >= LEAST(a.deliveries, b.deliveries)
    OR (s.listed >= 8 AND 10 * s.listed >= 9 * LEAST(a.listed, b.listed))
),
twin_groups AS (
  SELECT a.layer, a.stream, LEAST(MIN(a.twin), MIN(b.twin)) AS twin_group
  FROM twins AS a JOIN twins AS b ON b.layer = a.layer AND b.stream = a.twin
  GROUP BY a.layer, a.stream
),
sides AS (
  SELECT g.layer, g.stream, g.twin_group, MIN(o.stream) AS side
  FROM twin_groups AS g JOIN twin_groups AS o ON o.layer = g.layer AND o.twin_group = g.twin_group
  LEFT JOIN twins AS t ON t.layer = g.layer AND t.stream = g.stream AND t.twin = o.stream
  WHERE t.twin IS NULL GROUP BY g.layer, g.stream, g.twin_group
),
answers AS (
  SELECT
    delivery_no, attempt_key, BOOL_OR(http_status BETWEEN 200 AND 299) AS well,
    COALESCE(BOOL_AND(refuses(http_status) OR http_status >= 500) FILTER (layer <> 'edge'),
      BOOL_AND(refuses(http_status))) AS ill,
    BOOL_AND(refuses(http_status) OR http_status IN (502, 503)) AS broken, LIST(http_status ORDER BY arrived_at, receipt_id) AS told
  FROM matches
  WHERE NOT counts AND match_rule = 'time' AND http_status IS NOT NULL
    AND delivery_no IN (SELECT delivery_no FROM hard_matches)
  GROUP BY ALL
),
-- Logs that show requests. One that never does, as a worker's, tells of each try of its own work:
-- beside another log, a try that did not end well and the next are of one request, and what a queue
-- hands out once more is of one that was worked off.
request_logs AS (
  SELECT DISTINCT layer, stream FROM matches WHERE path IS NOT NULL OR http_status IS NOT NULL
),
numbered_matches AS (
  SELECT
    m.* REPLACE (CASE
      WHEN m.http_status IS NOT NULL THEN m.accepted
      WHEN COUNT(*) OVER same_attempt = 1 THEN m.accepted OR COALESCE(w.well, FALSE)
      WHEN COUNT(*) OVER same_attempt = LEN(w.told)
        THEN w.told[ROW_NUMBER() OVER (same_attempt ORDER BY m.arrived_at, m.receipt_id)]
          BETWEEN 200 AND 299
      ELSE m.accepted
        AND NOT COALESCE(NOT m.processed AND BOOL_OR(m.processed) OVER same_attempt, FALSE)
    END AND NOT COALESCE(
      m.http_status IS NULL AND m.processed IS NULL AND NOT m.known_before AND COALESCE(a.status, 'failed') = 'failed'
      AND (w.ill OR w.broken AND (BOOL_OR(a.status = 'success') OVER (PARTITION BY m.delivery_no)
          OR ROW_NUMBER() OVER (PARTITION BY m.delivery_no, m.layer, m.stream ORDER BY m.arrived_at) > 1)
        OR BOOL_OR(m.worked_off) OVER (PARTITION BY m.delivery_no, m.layer, m.stream)
        OR BOOL_OR(m.worked_off) OVER (PARTITION BY m.delivery_no)
        AND NOT BOOL_OR(m.worked_off) OVER (PARTITION BY m.delivery_no, m.attempt_key)), FALSE
    ) AS accepted),
    COALESCE(t.twin_group, m.stream) AS log_name,
    (m.layer, m.stream) IN (SELECT (layer, stream) FROM request_logs) AS shows,
    ROW_NUMBER() OVER (
      PARTITION BY m.delivery_no, m.layer, m.attempt_key, COALESCE(t.side, m.stream)
      ORDER BY COALESCE(m.accepted, FALSE) DESC, m.arrived_at, m.ended_at, m.receipt_id
    ) AS nth
  FROM hard_matches AS m
  LEFT JOIN sides AS t ON t.layer = m.layer AND t.stream = m.stream
  LEFT JOIN hard_attempts AS a ON a.delivery_no = m.delivery_no AND a.attempt_key = m.attempt_key
  LEFT JOIN answers AS w ON w.delivery_no = m.delivery_no AND w.attempt_key IS NOT DISTINCT FROM m.attempt_key
  WINDOW same_attempt AS (PARTITION BY m.delivery_no, m.layer, m.attempt_key, m.stream)
),
requests AS (
  SELECT * REPLACE (CASE
    WHEN shows OR MIN(stream) OVER same_request = MAX(stream) OVER same_request THEN nth
    ELSE GREATEST(1 - CAST(known_before AS INTEGER) + COUNT(*) FILTER (processed) OVER (
      PARTITION BY delivery_no, layer, attempt_key, stream ORDER BY arrived_at, ended_at, receipt_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 1) END AS nth)
  FROM numbered_matches
  WINDOW same_request AS (PARTITION BY delivery_no, layer, attempt_key, log_name)
)
SELECT
  delivery_no, event_uuid, endpoint_url, layer, attempt_key,
  MIN(receipt_id) AS receipt_id, MIN(match_rule) AS match_rule, MIN(arrived_at) AS arrived_at,
  MAX(ended_at) AS ended_at, MAX(path) AS path, MAX(http_status) AS http_status,
  BOOL_OR(accepted) AS accepted, BOOL_OR(processed) AS processed,
  BOOL_OR(known_before) AS known_before, BOOL_OR(signature_failed) AS signature_failed,
  BOOL_AND(stranger) AS stranger
FROM requests
GROUP BY delivery_no, event_uuid, endpoint_url, layer, attempt_key, log_name, nth
