/* delivery_evidence: all that the steps before found out about each delivery, side by side.
   grain:  one event for one endpoint
   inputs: sender_deliveries, omissions, counted_receipts, absences, absence_reasons, repeats,
           undecided_deliveries, silent_successes, nameless_refusals,
           unlisted_resends, unheard_successes, coverage, settings

   refusals_told: a refusal as the sender saw it would stand in the logs, whoever gave it.
   processed_count is NULL where no log tells, and 0 only where a log that would tell does not.
   processing_hidden: the logs usually tell when an event is processed, and have a hole here.
   type_arrives: events of this type come to the endpoint, so it is meant to get them.
   in_grace is counted from the last time that the sender's exports testify. */
WITH cases AS (
  SELECT
    event_uuid, endpoint_url, event_type, transaction_id, says, created_at, first_attempt_at,
    last_attempt_at, attempts, last_status, last_http_status, last_error_kind, had_failure,
    never_sent, is_test
  FROM sender_deliveries
  UNION ALL
  SELECT
    event_uuid, endpoint_url, event_type, transaction_id, says, NULL, NULL, NULL, 0, NULL, NULL,
    NULL, FALSE, FALSE, is_test
  FROM omissions
  WHERE NOT listed
),
horizons AS (
  SELECT MAX(ends_at) AS horizon_at FROM coverage WHERE side = 'sender'
)
SELECT
  c.event_uuid, c.endpoint_url, c.event_type, c.transaction_id, c.says, c.created_at,
  COALESCE(c.first_attempt_at, c.created_at, r.first_at) AS first_seen_at,
  c.first_attempt_at, c.last_attempt_at, c.attempts,
  c.last_status, c.last_http_status, c.last_error_kind,
  c.had_failure, c.never_sent, c.is_test,
  r.layer,
  COALESCE(r.arrivals, 0) AS arrivals,
  COALESCE(r.accepted, 0) AS accepted_count,
  CASE
    WHEN r.processed > 0 THEN r.processed
    WHEN r.layer <> 'edge' AND r.said_failed AND r.untold = 0 THEN 0
    WHEN r.known_before THEN NULL
    WHEN r.layer = 'table' AND a.processing_told THEN 0
    WHEN r.layer <> 'edge' AND a.processing_covered THEN 0
    WHEN r.layer = 'edge' AND a.inner_covered THEN 0
  END AS processed_count,
  COALESCE(r.signature_failed, FALSE) AS signature_failed,
  COALESCE(r.stranger, FALSE) AS stranger,
  r.first_at AS first_receipt_at, r.first_accepted_at,
  r.last_status AS receiver_status,
  COALESCE(r.several_paths, FALSE) AS several_paths,
  r.weakest_rule,
  COALESCE(r.said_failed, FALSE) AS said_failed,
  COALESCE(a.processing_told AND NOT a.processing_covered, FALSE) AS processing_hidden,
  COALESCE(a.outer_covered, FALSE) AS receiver_covered,
  COALESCE(o.sender_covered, FALSE) AS sender_covered,
  COALESCE(y.reason, 'nameless_refusals: the application answers '
    || CAST(c.last_http_status AS VARCHAR)
    || ' to requests whose event it does not log; load the proxy''s log, or log the uuid')
    AS absence_reason,
  COALESCE(o.reason, w.reason) AS omission_reason,
  k.repeat_kind,
  COALESCE(
    COALESCE(c.last_attempt_at, c.created_at)
      > h.horizon_at - s.grace_minutes * INTERVAL '1 minute', FALSE
  ) AS in_grace,
  u.event_uuid IS NOT NULL AS undecided,
  u.reason AS stranger_reason,
  i.event_uuid IS NOT NULL AS success_silent,
  COALESCE(a.edge_covered, FALSE) OR q.endpoint_url IS NULL AS refusals_told,
  COALESCE(BOOL_OR(r.arrivals > 0) OVER (PARTITION BY c.endpoint_url, c.event_type), FALSE)
    AS type_arrives,
  n.event_uuid IS NOT NULL AS resend_unlisted,
  w.event_uuid IS NOT NULL AS success_unheard
FROM cases AS c
CROSS JOIN horizons AS h
CROSS JOIN settings AS s
LEFT JOIN counted_receipts AS r
  ON r.event_uuid = c.event_uuid AND r.endpoint_url = c.endpoint_url
LEFT JOIN absences AS a ON a.event_uuid = c.event_uuid AND a.endpoint_url = c.endpoint_url
LEFT JOIN absence_reasons AS y ON y.event_uuid = c.event_uuid AND y.endpoint_url = c.endpoint_url
LEFT JOIN omissions AS o ON o.event_uuid = c.event_uuid AND o.endpoint_url = c.endpoint_url
LEFT JOIN repeats AS k
  ON k.event_uuid = c.event_uuid AND k.endpoint_url = c.endpoint_url AND k.layer = r.layer
LEFT JOIN undecided_deliveries AS u
  ON u.event_uuid = c.event_uuid AND u.endpoint_url = c.endpoint_url
LEFT JOIN silent_successes AS i
  ON i.event_uuid = c.event_uuid AND i.endpoint_url = c.endpoint_url
LEFT JOIN nameless_refusals AS q
  ON q.endpoint_url = c.endpoint_url AND q.http_status = c.last_http_status
LEFT JOIN unlisted_resends AS n
  ON n.event_uuid = c.event_uuid AND n.endpoint_url = c.endpoint_url
LEFT JOIN unheard_successes AS w
  ON w.event_uuid = c.event_uuid AND w.endpoint_url = c.endpoint_url
