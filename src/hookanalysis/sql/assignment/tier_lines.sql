/* tier_lines: lines of one layer ($layer) that name no event and may be the sender's requests.
   grain:  one receipt
   inputs: nameless_receipts, endpoint_paths, generations, receipts

   address: the client's, and what program it says to be: behind a balancer all have one address.
   network: the address' neighbourhood instead, for senders post from pools of them.
   A line without a path, from an unknown address, or of a request that a proxy could not read, may
   be of any endpoint: it is here for each, and proves nothing.
   path_no: number of the endpoint's path; -1 for a request to another path. logged_at is the time
   that the line was written with, starts_at that of the request as far as the line tells. notices:
   the log notes when a client has left (nginx's 499, a load balancer's 460). begins: starts_at is
   no later than that. */
WITH paths AS (SELECT DISTINCT path, path_no FROM endpoint_paths),
lines AS (
  FROM nameless_receipts WHERE layer = $layer AND posted AND arrived_at IS NOT NULL
  UNION ALL
  SELECT r.* REPLACE (p.path AS known_path)
  FROM nameless_receipts AS r
  CROSS JOIN paths AS p
  WHERE r.layer = $layer AND r.path IS NULL AND r.arrived_at IS NOT NULL
    AND (r.stranger OR r.by_sender AND r.layer = 'edge')
)
SELECT
  r.receipt_id, hash(r.stream) AS log, COALESCE(p.path_no, -1) AS path_no,
  epoch_us(CASE WHEN g.time_marks = 'start' THEN r.arrived_at ELSE r.ended_at END) AS logged_at,
  epoch_us(r.arrived_at) AS starts_at,
  g.time_marks = 'start' OR r.arrived_at < r.ended_at AS shows_start,
  COALESCE(r.http_status, -1) AS http_status,
  hash(regexp_extract(r.source_ip, '^(?:\d+\.\d+\.\d+|[^:]*:[^:]*:[^:]*)'), r.agent) AS network,
  hash(r.source_ip, r.agent) AS address, COALESCE(hash(r.path), 0) AS path,
  COALESCE(r.http_status IS NULL AND NOT r.processed, FALSE) AS failed,
  hash(r.processed, r.known_before, r.signature_failed) AS words,
  r.layer = 'edge' AND g.notices AS notices,
  r.layer = 'edge' AND (g.notices OR g.time_marks = 'start' OR r.arrived_at < r.ended_at) AS begins,
  r.by_sender, r.stranger OR r.path IS NULL AS stranger, COALESCE(g.resolution_ms, 0) AS resolution_ms
FROM lines AS r
LEFT JOIN paths AS p ON p.path = r.known_path
JOIN (
  SELECT
    stream, MIN(time_marks) AS time_marks, MAX(time_resolution_ms) AS resolution_ms,
    stream IN (SELECT stream FROM receipts WHERE sender_left(http_status)) AS notices
  FROM generations WHERE side = 'receiver'
  GROUP BY stream
) AS g ON g.stream = r.stream
ORDER BY logged_at, starts_at, r.stream, r.http_status, r.receipt_id
