/* delivery_evidence: what is known of each delivery that is not plain, side by side.
   grain:  one event for one endpoint
   inputs: sender_deliveries, omissions, counted_receipts, undecided_deliveries, nameless_receipts,
           endpoint_paths, matches, attempts, hard_attempts, shared_lines, coverage,
           serving_streams, receipt_lines, settings

   processed_count: as the logs say; NULL where none says it, and silence is judged by absences.
   refusal_nameless: an application that refuses a request may do so before it knows the event; such
   a refusal as the sender saw it stands in the logs behind the edge. A line of it that shows neither
   path nor status may be of any request.
   several_paths: what came may have gone to an endpoint each; so it is of an event that no export
   lists, or none with its attempts, where its lines do not say to which it came, as long as they
   are no more than endpoints.
   maybe_others: more was accepted than is listed, by lines that show no path, at a time of which no
   export would list a success; so some of it may have gone to another endpoint.
   type_arrives: events of this type come to the endpoint, so it is meant to get them, and
   an export that lost nothing would list the attempt.
   resend_unlisted: a failed delivery was accepted long after the last attempt that is listed, or
   none of these ever left, so there was another, and no export would list its success.
   success_unlisted: no attempt is listed, or of the time of the last failure failed ones alone; so a
   later try that succeeded is not, either. success_unheard: no log would tell of it: none names the
   events that come to the endpoint, or what names this one, without an answer, may be of that try,
   or requests were accepted since that name none, and that nobody needs.
   in_grace is counted from the last time that the sender's exports testify. */
WITH cases AS (
  FROM sender_deliveries
  UNION ALL BY NAME
  SELECT
    delivery_no, event_uuid, endpoint_url, event_type, transaction_id, says, is_test,
    0 AS attempts, 0 AS successes, FALSE AS had_failure, FALSE AS never_sent, FALSE AS success_silent
  FROM omissions WHERE NOT listed
),
-- When an export would list a success.
witnesses AS (
  SELECT starts_at, ends_at
  FROM coverage WHERE side = 'sender' AND covered AND completeness IN ('all', 'successes')
),
refusals AS (
  SELECT DISTINCT e.endpoint_url, r.http_status
  FROM nameless_receipts AS r JOIN endpoint_paths AS e ON e.path = r.known_path OR r.path IS NULL
  WHERE r.layer <> 'edge' AND NOT r.stranger AND NOT COALESCE(r.accepted, r.processed, TRUE)
),
-- Endpoints whose outermost logs show answers; what shows none may have refused without a word.
answering AS (
  SELECT DISTINCT v.endpoint_url
  FROM serving_streams AS v JOIN receipt_lines AS l ON l.stream = v.stream
  WHERE v.depth = 1 AND l.http_status BETWEEN 200 AND 299
),
-- Until when requests were accepted that nobody needs.
spare_successes AS (
  SELECT known_path, MAX(arrived_at) AS last_at
  FROM nameless_receipts
  WHERE accepted AND NOT stranger AND known_path IS NOT NULL
    AND receipt_id NOT IN (SELECT receipt_id FROM matches)
  GROUP BY known_path
),
arriving_types AS (
  SELECT endpoint_url, event_type
  FROM attempts
  ANTI JOIN hard_attempts USING (delivery_no)
  WHERE endpoint_url IN (SELECT DISTINCT endpoint_url FROM omissions WHERE says = 'no_attempt')
  UNION
  SELECT c.endpoint_url, c.event_type
  FROM cases AS c JOIN counted_receipts AS r ON r.delivery_no = c.delivery_no AND r.arrivals > 0
)
SELECT
  c.*, COALESCE(c.first_attempt_at, c.created_at, r.first_at) AS first_seen_at, r.layer,
  COALESCE(r.arrivals, 0) AS arrivals, COALESCE(r.accepted, 0) AS accepted_count,
  CASE
    WHEN r.processed > 0 THEN r.processed
    WHEN c.hidden IN ('other_words', 'retry_announced') THEN NULL
    WHEN r.layer <> 'edge' AND r.said_failed AND r.untold = 0 OR l.all_failed THEN 0
  END AS processed_count,
  COALESCE(l.one_failed, FALSE) AS one_failed, COALESCE(l.processed, FALSE) AS shared_processed, COALESCE(r.known_before, FALSE) AS known_before,
  COALESCE(r.signature_failed, FALSE) AS signature_failed, COALESCE(r.stranger, FALSE) AS stranger, COALESCE(r.left_open, FALSE) AS left_open,
  r.first_at AS first_receipt_at, r.first_accepted_at, r.last_status AS receiver_status,
  COALESCE(r.several_paths, FALSE) OR COALESCE(
    (c.says = 'absent' OR c.attempts = 0 AND r.arrivals > 1 AND r.pathless) AND c.endpoint_url = ''
    AND r.arrivals <= (SELECT COUNT(*) FROM endpoint_paths), FALSE
  ) AS several_paths,
  c.endpoint_url <> '' AND r.pathless AND r.accepted > GREATEST(c.attempts, 1)
    AND (SELECT COUNT(DISTINCT endpoint_url) FROM endpoint_paths) > 1
    AND NOT EXISTS (
      SELECT 1 FROM witnesses AS w WHERE r.first_accepted_at BETWEEN w.starts_at AND w.ends_at
    ) AS maybe_others,
  r.weakest_rule, COALESCE(r.said_failed, FALSE) AS said_failed, r.repeat_kind,
  COALESCE(o.sender_covered, FALSE) AS sender_covered, o.reason AS omission_reason,
  COALESCE(
    COALESCE(c.tried_until, c.created_at)
      > (SELECT MAX(ends_at) FROM coverage WHERE side = 'sender')
        - s.grace_minutes * INTERVAL '1 minute', FALSE
  ) AS in_grace,
  u.delivery_no IS NOT NULL AS undecided, COALESCE(u.unanswered, FALSE) AS unanswered,
  u.reason AS stranger_reason,
  EXISTS (
    SELECT 1 FROM refusals AS f
    WHERE f.endpoint_url = c.endpoint_url AND COALESCE(f.http_status = c.refused_with, TRUE)
  ) OR c.endpoint_url NOT IN (FROM answering) AS refusal_nameless,
  COALESCE(NOT o.lost, TRUE) AND EXISTS (
    SELECT 1 FROM arriving_types AS p
    WHERE p.endpoint_url = c.endpoint_url AND p.event_type IS NOT DISTINCT FROM c.event_type
  ) AS type_arrives,
  c.says LIKE 'fail%'
    AND COALESCE(c.never_sent OR r.first_accepted_at > c.tried_until
      + (s.timeout_seconds + s.tolerance_seconds) * INTERVAL '1 second', FALSE)
    AND NOT EXISTS (
      SELECT 1 FROM witnesses AS w WHERE r.first_accepted_at BETWEEN w.starts_at AND w.ends_at
    ) AS resend_unlisted,
  c.says = 'no_attempt' AND r.arrivals > 0 OR c.says LIKE 'fail%'
    AND EXISTS (
      SELECT 1 FROM coverage AS f
      WHERE f.side = 'sender' AND f.covered AND f.completeness = 'failures'
        AND c.last_attempt_at BETWEEN f.starts_at AND f.ends_at
    )
    AND NOT EXISTS (
      SELECT 1 FROM witnesses AS w WHERE c.last_attempt_at BETWEEN w.starts_at AND w.ends_at
    ) AS success_unlisted,
  (c.says = 'no_attempt' OR c.says LIKE 'fail%') AND (
    c.says LIKE 'fail%' AND r.arrivals > 0 AND r.last_status IS NULL
    OR c.endpoint_url NOT IN (SELECT DISTINCT endpoint_url FROM matches WHERE match_rule <> 'time')
    OR COALESCE(c.last_attempt_at, r.first_at) <= (
      SELECT MAX(p.last_at) FROM spare_successes AS p
      WHERE ENDS_WITH(SPLIT_PART(c.endpoint_url, '?', 1), p.known_path)
    )
  ) AS success_unheard
FROM cases AS c
CROSS JOIN settings AS s
LEFT JOIN counted_receipts AS r ON r.delivery_no = c.delivery_no
LEFT JOIN omissions AS o ON o.delivery_no = c.delivery_no
LEFT JOIN shared_lines AS l ON l.event_uuid = c.event_uuid AND c.says <> 'absent'
LEFT JOIN undecided_deliveries AS u ON u.delivery_no = c.delivery_no
