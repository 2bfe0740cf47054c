/* counted_receipts: the one layer in which a delivery's receipts are counted.
   grain:  one event for one endpoint that has receipts and is not plain
   inputs: counted_arrivals, hard_attempts, requests, matches, witnesses, nameless_receipts,
           endpoint_paths, settings

   It is the layer nearest to what became of the event: application, else queue, else table, else
   edge. Other layers are never added; but processed is the most that any of them says, and accepted
   is not less than the successes that certainly have a line in any (answered), nor than what was
   accepted before and the successes since that have one (later): a table has one row of an event;
   but for what the layer shows and of no attempt (unplaced).
   Where a layer shows an answer to each request, it is no more than those that were not refusals;
   where the layer shows none, it is what an edge log that names the event says.
   dropped: so many of its requests a queue's worker failed to work off.
   untold: accepted, and not said to be processed, failed or known: a log that tells of failures
   alone says so of no success.
   weakest_rule: 1 uuid, 2 transaction, 3 request_id, 4 time.
   repeat_kind: how a delivery came to be accepted more than once. The second accepted receipt
   decides. If an attempt of its own explains it: a resend, after success, after a time-out (no
   answer), or after another failure. Otherwise it is the sender's or a proxy's doing if it came at
   once (double_send), else somebody's replay. */
WITH layers AS (
  SELECT
    delivery_no, event_uuid, endpoint_url, layer, COUNT(*) AS arrivals,
    COUNT(*) FILTER (accepted OR processed) AS accepted, COUNT(*) FILTER (processed) AS processed,
    COUNT(*) FILTER (NOT processed) AS failed,
    COUNT(*) FILTER (accepted AND processed IS NULL AND NOT known_before) AS untold,
    BOOL_OR(known_before) AS known_before, BOOL_OR(signature_failed) AS signature_failed,
    BOOL_OR(stranger) AS stranger, MIN(arrived_at) AS first_at,
    MIN(arrived_at) FILTER (accepted OR processed) AS first_accepted_at,
    MAX(arrived_at) FILTER (accepted OR processed) AS last_accepted_at,
    COALESCE(
      ARG_MAX(http_status, (arrived_at, http_status)) FILTER (arrived_at IS NOT NULL),
      MAX(http_status)
    ) AS last_status,
    COALESCE(BOOL_OR(sender_left(http_status)), FALSE) AS left_open,
    COUNT(DISTINCT path) > 1 AS several_paths, COUNT(path) = 0 AS pathless,
    COUNT(*) FILTER (attempt_key IS NULL) AS unplaced,
    MAX(COALESCE(list_position(['uuid', 'transaction', 'request_id'], match_rule), 4))
      AS weakest_rule,
    LIST({'attempt_key': attempt_key, 'arrived_at': arrived_at, 'stranger': stranger}
      ORDER BY arrived_at, ended_at, receipt_id) FILTER (accepted OR processed) AS taken
  FROM counted_arrivals GROUP BY delivery_no, event_uuid, endpoint_url, layer
),
counted AS (
  SELECT
    * EXCLUDE (accepted, processed, taken, failed, untold),
    CASE WHEN last_status IS NULL THEN GREATEST(accepted, LEAST(arrivals,
      COALESCE(MAX(accepted) FILTER (layer = 'edge' AND weakest_rule = 1) OVER delivery_layers, 0)))
      ELSE accepted END AS accepted,
    COALESCE(MAX(failed) FILTER (layer = 'queue') OVER delivery_layers, 0) AS dropped,
    GREATEST(untold - dropped, 0) AS untold, failed + dropped > 0 AS said_failed,
    GREATEST(
      processed,
      COALESCE(MAX(processed) FILTER (layer IN ('queue', 'table')) OVER delivery_layers, 0)
    ) AS processed,
    taken[1] AS first_taken, taken[2] AS second_taken,
    taken[2] IS NULL OR taken[2].attempt_key <> taken[1].attempt_key AS apart
  FROM layers
  WINDOW delivery_layers AS (PARTITION BY delivery_no)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY delivery_no ORDER BY list_position(['app', 'queue', 'table', 'edge'], layer)
  ) = 1
),
-- Attempts that were certainly accepted: successes that have a line in one layer, or whose work is
-- told behind the one that counts, and what a line says; unheard: of which that one has none.
successes AS (
  SELECT a.delivery_no, q.layer, a.attempt_key, a.attempted_at, FALSE AS unanswered
  FROM requests AS q
  JOIN hard_attempts AS a
    ON a.event_uuid = q.event_uuid AND a.endpoint_url = q.endpoint_url
    AND a.attempt_key = q.attempt_key
  WHERE a.status = 'success' AND q.nth = 1 AND q.state = 'line'
  UNION ALL
  SELECT delivery_no, m.layer, attempt_key, NULL, a.http_status IS NULL
  FROM matches AS m JOIN hard_attempts AS a USING (delivery_no, attempt_key)
  WHERE match_rule = 'time' AND m.http_status BETWEEN 200 AND 299
    OR a.status = 'success' AND (accepted OR processed) AND layer IN ('queue', 'table')
),
answered AS (
  SELECT
    delivery_no, MAX(answered) AS answered, MAX(unheard) AS unheard, MAX(later) AS later,
    BOOL_OR(unanswered) AS unanswered
  FROM (
    SELECT
      a.delivery_no, COUNT(DISTINCT a.attempt_key) AS answered,
      COUNT(DISTINCT a.attempt_key) FILTER (r.attempt_key IS NULL) AS unheard,
      GREATEST(COUNT(*) FILTER (r.attempt_key IS NULL AND a.attempted_at > c.last_accepted_at) - MAX(c.unplaced), 0) AS later,
      BOOL_OR(a.unanswered) AS unanswered
    FROM successes AS a JOIN counted AS c ON c.delivery_no = a.delivery_no
    LEFT JOIN (SELECT DISTINCT delivery_no, layer, attempt_key FROM counted_arrivals) AS r
      ON r.delivery_no = a.delivery_no AND r.layer = c.layer AND r.attempt_key = a.attempt_key
    GROUP BY a.delivery_no, a.layer
  )
  GROUP BY delivery_no
),
answers AS (
  SELECT delivery_no, GREATEST(MIN(lines - refusals), 1) AS at_most
  FROM (
    SELECT delivery_no, COUNT(*) AS lines, COUNT(*) FILTER (refuses(http_status)) AS refusals
    FROM matches WHERE match_rule = 'time' AND http_status IS NOT NULL
    GROUP BY delivery_no, layer
  )
  JOIN (SELECT delivery_no, arrivals FROM counted) USING (delivery_no)
  WHERE lines >= arrivals GROUP BY delivery_no
),
-- What the edge, which lacks no other, certainly has no line of was no request of its own: a proxy
-- hands one on again where a host fails.
edge_requests AS (
  SELECT
    q.event_uuid, q.endpoint_url,
    COUNT(*) FILTER (q.nth > 1 AND q.state = 'none' AND q.covered) AS surplus,
    CASE WHEN BOOL_AND(q.covered AND (q.state IN ('line', 'none') OR q.nth > 1 AND q.state = 'lacking'))
        AND MAX(w.lacking) = 0 AND COUNT(r.receipt_id) = 0 THEN MAX(m.lines) END AS at_most
  FROM requests AS q JOIN witnesses AS w ON w.endpoint_url = q.endpoint_url
  JOIN (
    SELECT event_uuid, endpoint_url, COUNT(*) FILTER (layer = 'edge') AS lines
    FROM matches GROUP BY ALL HAVING COUNT(*) FILTER (layer <> 'edge') > 1
  ) AS m ON m.event_uuid = q.event_uuid AND m.endpoint_url = q.endpoint_url
  JOIN endpoint_paths AS p ON p.endpoint_url = q.endpoint_url
  LEFT JOIN (
    FROM nameless_receipts WHERE layer = 'edge' AND receipt_id NOT IN (SELECT receipt_id FROM matches)
  ) AS r ON r.known_path = p.path AND r.arrived_at BETWEEN q.starts_at AND q.ends_at
  WHERE q.layer = 'edge' GROUP BY ALL
)
SELECT
  c.* EXCLUDE (dropped, arrivals, accepted, first_taken, second_taken, apart, last_accepted_at, unplaced)
    REPLACE (c.untold + COALESCE(n.unheard, 0) AS untold),
  GREATEST(c.arrivals - u.surplus, 1) AS arrivals,
  GREATEST(LEAST(
    LEAST(c.accepted, GREATEST(c.accepted - u.surplus, 1)) + COALESCE(n.later, 0), w.at_most
  ), COALESCE(n.answered, 0), CASE WHEN c.processed > 0 THEN 1 ELSE 0 END) AS accepted,
  CASE
    WHEN second_taken IS NULL AND n.answered > 1
      THEN CASE WHEN n.unanswered THEN 'retry_after_timeout' ELSE 'resend_after_success' END
    WHEN second_taken IS NULL AND COALESCE(n.later, 0) = 0 THEN NULL
    WHEN second_taken.stranger THEN 'replay'
    WHEN apart AND a.status = 'success' THEN 'resend_after_success'
    WHEN apart AND a.http_status IS NULL THEN 'retry_after_timeout'
    WHEN apart THEN 'resend_after_failure'
    WHEN second_taken.arrived_at
      <= first_taken.arrived_at + s.same_send_seconds * INTERVAL '1 second' THEN 'double_send'
    ELSE 'replay'
  END AS repeat_kind
FROM counted AS c
CROSS JOIN settings AS s
LEFT JOIN LATERAL (
  SELECT COALESCE(GREATEST(MAX(q.surplus), c.arrivals - MAX(q.at_most)), 0) AS surplus
  FROM edge_requests AS q
  WHERE q.event_uuid = c.event_uuid AND q.endpoint_url = c.endpoint_url AND c.layer <> 'edge'
) AS u ON TRUE
LEFT JOIN answered AS n ON n.delivery_no = c.delivery_no
LEFT JOIN answers AS w ON w.delivery_no = c.delivery_no
LEFT JOIN hard_attempts AS a
  ON a.delivery_no = c.delivery_no AND a.attempt_key = first_taken.attempt_key
