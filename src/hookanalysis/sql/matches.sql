/* matches: receipts whose event is named: by themselves, by transaction or by request id.
   grain:  one receipt that names its event
   inputs: placed_receipts, repeated_events, attempts, endpoint_paths, receipts, settings

   The attempt is the one in whose turn it came, give or take the clock's tolerance: a turn lasts
   until the next attempt for the same endpoint (turn_of); the first also takes what is earlier. An
   answer that the sender saw to an earlier attempt, not to this one, is that one's, and so is a
   failure before this one succeeded; of several lines that one log shows in one turn, the earlier
   are of the attempts before it that have none, where the time allows it (moved). Where the lines
   do not say how the request was answered, the sender's view of that attempt does, if it came in
   time to be this attempt's. An event that the sender does not know belongs to the endpoint with
   the receipt's path, if there is one.
   fanned: the event went to several endpoints, so the path must tell them apart, or the time.
   elsewhere: the path is no known endpoint's, and not the attempt's as a proxy may have changed it,
   while the layer shows requests to the attempt's own, or it was answered 2xx when the sender got a
   refusal (but not a proxy's own 502 to 504) or no connection: it went to an endpoint that is not
   exported.
   counts: false where the request is counted at the receipt that shares its id, and for a
   stranger's request that was not accepted: anyone can post a known uuid.
   verdict/requests.py numbers the deliveries that no export lists (delivery_no), and adds receipts
   that name no event. */
WITH turns AS NOT MATERIALIZED (
  SELECT
    a.event_uuid AS turn_uuid, a.attempt_key, a.delivery_no,
    COALESCE(p.endpoint_no, 0) AS endpoint_no, p.path_no AS turn_path_no,
    a.status = 'success' AS succeeded, a.http_status AS told_status,
    a.status = 'failed' AND (a.http_status NOT BETWEEN 502 AND 504 OR never_left(a.error_kind)) AS turned_away,
    -- It may have been noted when it ended: see absences.
    a.attempted_at - CASE WHEN a.attempted_until IS NULL THEN 0 ELSE s.timeout_seconds END
      * INTERVAL '1 second' AS attempted_at,
    COALESCE(a.attempted_until, a.attempted_at) + s.timeout_seconds * INTERVAL '1 second'
      AS awaited_until,
    turn_of(a.attempted_at, a.attempted_until) AS turn_at
  FROM attempts AS a CROSS JOIN settings AS s
  LEFT JOIN endpoint_paths AS p ON p.endpoint_url = a.endpoint_url
  WHERE a.status <> 'none'
),
repeated_turns AS (
  SELECT
    *, ROW_NUMBER() OVER in_time AS turn_no, LEAD(turn_at) OVER in_time AS next_at,
    MIN(endpoint_no) OVER (PARTITION BY turn_uuid)
      <> MAX(endpoint_no) OVER (PARTITION BY turn_uuid) AS fanned
  FROM turns WHERE hash(turn_uuid) IN (FROM repeated_events)
  WINDOW in_time AS (PARTITION BY turn_uuid, endpoint_no ORDER BY turn_at, attempt_key)
),
-- Requests that show no path, when only one of the event's endpoints was being tried.
timely_receipts AS (
  SELECT r.receipt_id, MIN(t.delivery_no) AS timely_no
  FROM placed_receipts AS r JOIN repeated_turns AS t ON t.turn_uuid = r.event_uuid
  WHERE t.fanned AND r.path IS NULL AND r.layer IN ('edge', 'app')
    AND r.arrived_at BETWEEN t.attempted_at - r.tolerance AND t.awaited_until + r.tolerance
  GROUP BY r.receipt_id HAVING MIN(t.delivery_no) = MAX(t.delivery_no)
),
repeated_receipts AS (
  SELECT r.*, t.* EXCLUDE (turn_uuid, turn_at, next_at, fanned)
  FROM placed_receipts AS r
  LEFT JOIN timely_receipts AS y ON y.receipt_id = r.receipt_id
  LEFT JOIN repeated_turns AS t
    ON t.turn_uuid = r.event_uuid
    AND (t.turn_path_no IS NULL OR t.turn_path_no = r.path_no OR t.delivery_no = y.timely_no
      OR (r.path_no IS NULL AND NOT t.fanned))
    AND (t.turn_no = 1 OR r.arrived_at + r.tolerance >= t.turn_at)
    AND (t.next_at IS NULL OR r.arrived_at + r.tolerance < t.next_at)
  WHERE r.event_uuid IS NOT NULL AND hash(r.event_uuid) IN (FROM repeated_events)
),
later_receipts AS (
  SELECT *, last_no + 1 - ROW_NUMBER() OVER (
    PARTITION BY event_uuid, attempt_key, layer, stream, last_no ORDER BY arrived_at DESC, ended_at DESC, receipt_id DESC
  ) AS moved_no
  FROM (
    SELECT *, COALESCE((
      SELECT MAX(t.turn_no) FROM repeated_turns AS t
      WHERE t.turn_uuid = r.event_uuid AND t.delivery_no = r.delivery_no AND t.turn_no <= r.turn_no
        AND COALESCE(r.http_status = t.told_status OR is_proxys(t.told_status),
          r.processed IS NOT FALSE OR NOT t.succeeded OR r.arrived_at >= t.attempted_at)
        AND r.arrived_at - r.tolerance <= t.awaited_until
    ), turn_no) AS last_no
    FROM repeated_receipts AS r WHERE turn_no > 1
  )
),
moved_receipts AS (
  SELECT r.receipt_id, t.attempt_key, t.attempted_at, t.succeeded, t.told_status
  FROM later_receipts AS r
  JOIN repeated_turns AS t
    ON t.turn_uuid = r.event_uuid AND t.delivery_no = r.delivery_no AND t.turn_no = r.moved_no
    AND r.arrived_at - r.tolerance <= t.awaited_until
  ANTI JOIN repeated_receipts AS n
    ON n.event_uuid = r.event_uuid AND n.attempt_key = t.attempt_key AND n.stream = r.stream
  WHERE r.moved_no < r.turn_no
),
named_receipts AS NOT MATERIALIZED (
  SELECT r.*, t.* EXCLUDE (turn_uuid, turn_at)
  FROM placed_receipts AS r
  LEFT JOIN turns AS t
    ON t.turn_uuid = r.event_uuid
    AND (t.turn_path_no IS NULL OR r.path_no IS NULL OR t.turn_path_no = r.path_no)
  WHERE r.event_uuid IS NOT NULL AND hash(r.event_uuid) NOT IN (FROM repeated_events)
  UNION ALL BY NAME SELECT * EXCLUDE (turn_no) FROM repeated_receipts
),
listed_events AS (
  SELECT event_uuid, MAX(endpoint_url) AS endpoint_url FROM attempts WHERE status = 'none'
  GROUP BY event_uuid HAVING COUNT(DISTINCT endpoint_url) = 1
),
-- A line without a path belongs where the other lines of its event say that it came.
placed_events AS (
  SELECT r.event_uuid, MIN(p.endpoint_url) AS endpoint_url
  FROM placed_receipts AS r
  SEMI JOIN (SELECT event_uuid FROM placed_receipts WHERE path IS NULL) AS n USING (event_uuid)
  JOIN endpoint_paths AS p ON p.path_no = r.path_no AND p.sharing = 1
  ANTI JOIN attempts AS a ON a.event_uuid = r.event_uuid
  GROUP BY r.event_uuid HAVING MIN(p.endpoint_url) = MAX(p.endpoint_url)
),
shown_paths AS (
  SELECT DISTINCT layer, path FROM receipts WHERE event_uuid IS NOT NULL AND path IS NOT NULL AND COALESCE(accepted, TRUE)
),
situated_receipts AS (
  SELECT
    r.*, COALESCE(r.arrived_at <= r.awaited_until + r.tolerance, FALSE) AS in_time,
    h.path IS NOT NULL OR (r.path_no IS NULL AND unlike(r.path, t.path)
      AND r.http_status BETWEEN 200 AND 299 AND r.turned_away AND in_time) IS TRUE AS elsewhere,
    COALESCE(
      CASE r.endpoint_no WHEN 0 THEN '' ELSE t.endpoint_url END, p.endpoint_url, l.endpoint_url,
      CASE WHEN r.path IS NULL THEN e.endpoint_url END, ''
    ) AS endpoint_url,
    l.event_uuid IS NOT NULL AS event_listed
  FROM named_receipts AS r
  LEFT JOIN endpoint_paths AS t ON t.endpoint_no = r.endpoint_no
  LEFT JOIN shown_paths AS h
    ON h.path = t.path AND h.layer = r.layer AND r.path_no IS NULL AND unlike(r.path, h.path)
  LEFT JOIN endpoint_paths AS p ON p.path_no = r.path_no AND p.sharing = 1
  LEFT JOIN listed_events AS l ON l.event_uuid = r.event_uuid
  LEFT JOIN placed_events AS e ON e.event_uuid = r.event_uuid
),
answered_receipts AS (
  SELECT
    r.* EXCLUDE (accepted, attempt_key, attempted_at),
    COALESCE(m.attempt_key, r.attempt_key) AS attempt_key,
    COALESCE(m.attempted_at, r.attempted_at) AS attempted_at,
    r.delivery_no IS NOT NULL AND NOT r.elsewhere AS listed,
    CASE
      WHEN r.accepted IS NOT NULL THEN r.accepted
      WHEN r.processed OR COALESCE(m.succeeded, r.succeeded) THEN TRUE
      WHEN m.told_status IS NOT NULL THEN FALSE
      WHEN m.receipt_id IS NULL AND r.in_time AND r.told_status IS NOT NULL THEN FALSE
      ELSE COALESCE(r.processed, TRUE)
    END AS accepted
  FROM situated_receipts AS r
  LEFT JOIN moved_receipts AS m ON m.receipt_id = r.receipt_id
)
SELECT
  receipt_id, layer, stream, event_uuid,
  CASE WHEN elsewhere THEN '' ELSE endpoint_url END AS endpoint_url,
  CASE WHEN listed AND arrived_at + tolerance >= attempted_at THEN attempt_key END AS attempt_key,
  match_rule, CAST(1 AS DOUBLE) AS score,
  CASE WHEN listed THEN DATE_DIFF('microsecond', attempted_at, arrived_at) / 1000.0 END AS distance_ms,
  arrived_at, ended_at, path, http_status, accepted, processed, known_before, signature_failed,
  stranger, match_rule <> 'request_id'
    AND NOT (stranger AND NOT accepted AND (delivery_no IS NOT NULL OR event_listed)) AS counts,
  listed, CASE WHEN listed THEN delivery_no END AS delivery_no
FROM answered_receipts
