/* deliveries: the verdict on each delivery.
   grain:  one event for one endpoint
   inputs: delivery_evidence, absences, attempts, hard_attempts, matches, settings

   First plain flags, then one CASE, read from top to bottom: the first line that holds is the
   verdict, written as `outcome: detail`. Nothing is called missed unless the receiver's logs cover
   all the time in which it could have come, or the sender itself says that no request ever left.
   Deliveries that are plain follow: nothing above the last line of the CASE holds of them.
   untraced: no receipt of any attempt, or none of the one that succeeded and no other was accepted.
   processed_count is NULL where no log tells, and 0 only where a log that would tell does not.
   processing_hidden: the logs usually tell when an event is processed, and have a hole here; or show
   behind the edge what it accepted, but for what a host whose log is absent took, or nobody.
   took_effect: processed, if the logs tell; else accepted.
   gave_up: the receiver's log notes that the sender had left before the answer, which is no refusal.
   mixed: requests of several endpoints, which the export does not name: what came to two paths, or
   was sent twice at once and came once; or others that it may not list (maybe_others). */
WITH proofs AS (
  SELECT
    e.* EXCLUDE (processed_count), e.arrivals > 0 AS arrived, e.accepted_count > 0 AS accepted,
    CASE
      WHEN e.processed_count IS NOT NULL OR e.known_before OR e.shared_processed
        THEN e.processed_count
      WHEN e.layer = 'table' AND a.processing_told THEN 0
      WHEN e.layer <> 'edge' AND a.processing_covered THEN 0
      WHEN e.layer = 'edge' AND a.inner_covered THEN 0
    END AS processed_count,
    COALESCE(a.processing_told AND NOT a.processing_covered
        OR e.hidden IN ('other_words', 'retry_announced') OR e.layer = 'edge' AND a.host_missing, FALSE)
      AND e.shared_processed IS NOT TRUE AS processing_hidden,
    COALESCE(a.outer_covered, FALSE) AS receiver_covered,
    COALESCE(a.edge_covered, FALSE) OR NOT e.refusal_nameless AS refusals_told,
    a.reason AS absence_reason, s.same_send_seconds * INTERVAL '1 second' AS at_once
  FROM delivery_evidence AS e
  CROSS JOIN settings AS s
  LEFT JOIN absences AS a ON a.delivery_no = e.delivery_no
  WHERE COALESCE(e.first_seen_at >= s.since_at, s.since_at IS NULL)
    AND COALESCE(e.first_seen_at < s.until_at, s.until_at IS NULL)
),
flags AS (
  SELECT
    *,
    arrivals = 0 OR (success_silent AND accepted_count = 0) AS untraced,
    COALESCE(processed_count, accepted_count) > 0 AS took_effect,
    COALESCE(sender_left(receiver_status), FALSE) AS gave_up,
    (says = 'ok' AND (had_failure
        OR arrivals > 1 AND COALESCE(first_accepted_at > first_receipt_at, TRUE)))
      OR (says IN ('fail_http', 'fail_nohttp') AND resend_unlisted) AS took_several_tries,
    endpoint_url = '' AND (several_paths OR (says = 'ok' AND NOT had_failure
      AND arrivals BETWEEN 1 AND attempts - 1 AND last_attempt_at <= first_attempt_at + at_once))
      OR COALESCE(maybe_others, FALSE) AS mixed
  FROM proofs
),
verdicts AS (
  SELECT
    *,
    CASE
      WHEN says = 'conflict' THEN 'undetermined: conflict'
      WHEN processed_count > 1 AND NOT mixed THEN 'duplicated: double_processed'
      WHEN says = 'absent' AND sender_covered AND is_test THEN 'unexpected: test'
      WHEN says = 'absent' AND sender_covered AND (stranger OR signature_failed)
        THEN 'unexpected: forged'
      WHEN says = 'absent' AND sender_covered THEN 'unexpected: orphan'
      WHEN says = 'absent' THEN 'undetermined: sender_coverage'
      WHEN in_grace AND NOT took_effect AND NOT (says = 'ok' AND accepted AND said_failed)
        THEN 'pending: in_flight'
      WHEN success_unlisted AND success_unheard AND NOT accepted THEN 'undetermined: sender_coverage'
      WHEN NOT arrived AND never_sent AND undecided IS NOT TRUE THEN 'missed: never_reached'
      WHEN untraced AND (undecided OR mixed) THEN 'undetermined: ambiguous'
      WHEN untraced AND NOT receiver_covered THEN 'undetermined: receiver_coverage'
      WHEN NOT arrived AND says = 'no_attempt' AND NOT (sender_covered OR type_arrives)
        THEN 'undetermined: sender_coverage'
      WHEN NOT arrived AND says = 'no_attempt' AND NOT refusals_told
        THEN 'undetermined: receiver_coverage'
      WHEN NOT arrived AND says = 'no_attempt' THEN 'missed: not_attempted'
      WHEN NOT arrived AND (refused_with IS NOT NULL OR says = 'fail_http') AND says <> 'ok' AND NOT refusals_told
        THEN 'undetermined: receiver_coverage'
      WHEN NOT arrived AND says = 'fail_nohttp' THEN 'missed: never_reached'
      WHEN NOT arrived AND says = 'fail_http' THEN 'missed: answered_upstream'
      WHEN NOT arrived AND says = 'pending' THEN 'missed: stuck_pending'
      WHEN NOT arrived THEN 'missed: false_success'
      WHEN NOT accepted AND says = 'no_attempt' AND weakest_rule = 4
        THEN 'undetermined: ambiguous'
      WHEN NOT accepted AND says = 'ok' THEN 'refused: contradictory_status'
      WHEN NOT accepted AND undecided AND says = 'fail_nohttp' THEN 'undetermined: ambiguous'
      WHEN NOT accepted AND says <> 'ok' AND hidden = 'other_words' THEN 'undetermined: receiver_coverage'
      WHEN NOT accepted AND gave_up AND processed_count IS NULL AND (processing_hidden OR undecided) IS NOT TRUE
        THEN 'unacknowledged: unanswered'
      WHEN NOT accepted AND left_open AND processed_count IS NULL THEN 'undetermined: ambiguous'
      WHEN NOT accepted THEN 'refused: rejected'
      WHEN NOT took_effect AND signature_failed THEN 'unprocessed: signature_dropped'
      WHEN NOT took_effect THEN 'unprocessed: accepted_not_processed'
      WHEN processed_count IS NULL AND processing_hidden THEN 'undetermined: receiver_coverage'
      WHEN mixed OR (processed_count IS NULL AND one_failed) THEN 'undetermined: ambiguous'
      WHEN accepted_count > 1 THEN 'duplicated: ' || COALESCE(repeat_kind, 'replay')
      WHEN unanswered OR ((undecided OR layer = 'table') AND successes > 1) THEN 'undetermined: ambiguous'
      -- A failed try was accepted; so was the success, if a log that is absent shows it.
      WHEN success_silent AND NOT receiver_covered THEN 'undetermined: receiver_coverage'
      WHEN took_several_tries THEN 'recovered: recovered'
      WHEN success_unlisted AND says <> 'no_attempt' THEN 'undetermined: sender_coverage'
      WHEN says IN ('fail_http', 'fail_nohttp') THEN 'unacknowledged: false_failure'
      WHEN says = 'pending' THEN 'delivered: delivered_pending'
      WHEN says = 'no_attempt' THEN 'delivered: delivered_unlogged'
      ELSE 'delivered: delivered'
    END AS verdict
  FROM flags
)
SELECT
  event_uuid, endpoint_url, event_type, transaction_id,
  SPLIT_PART(verdict, ': ', 1) AS outcome, SPLIT_PART(verdict, ': ', 2) AS detail,
  CASE verdict
    WHEN 'pending: in_flight' THEN reason('in_grace')
    WHEN 'undetermined: conflict' THEN reason('conflict')
    WHEN 'undetermined: ambiguous' THEN COALESCE(stranger_reason, reason('ambiguous'))
    WHEN 'undetermined: sender_coverage' THEN COALESCE(omission_reason, reason('sender_filtered'))
    WHEN 'undetermined: receiver_coverage'
      THEN COALESCE(absence_reason, CASE WHEN hidden IS NOT NULL THEN reason(hidden) END, reason('nameless_refusals', status := refused_with))
  END AS reason,
  CASE WHEN says = 'absent' THEN 'receiver'
    WHEN arrived OR (verdict LIKE 'missed%' AND receiver_covered) THEN 'both' ELSE 'sender'
  END AS evidence, first_attempt_at, last_attempt_at, attempts, last_status, last_http_status,
  last_error_kind, first_receipt_at, arrivals AS receipts, accepted_count, processed_count,
  receiver_status, CASE WHEN accepted AND NOT untimed THEN
    DATE_DIFF('microsecond', first_attempt_at, first_accepted_at) / 1000.0 END AS lag_ms,
  ['uuid', 'transaction', 'request_id', 'time'][weakest_rule] AS match_rule, is_test, delivery_no
FROM verdicts
UNION ALL
SELECT
  a.event_uuid, a.endpoint_url, a.event_type, a.transaction_id, 'delivered', 'delivered', NULL,
  'both', a.attempted_at, a.attempted_at, 1, a.status, a.http_status, a.error_kind, m.arrived_at, 1,
  1, CASE WHEN m.processed THEN 1 END, m.http_status,
  DATE_DIFF('microsecond', a.attempted_at, m.arrived_at) / 1000.0, m.match_rule, a.is_test,
  a.delivery_no
FROM attempts AS a JOIN matches AS m ON m.delivery_no = a.delivery_no AND m.counts
CROSS JOIN settings AS s
WHERE a.delivery_no NOT IN (SELECT delivery_no FROM hard_attempts)
  AND COALESCE(COALESCE(a.attempted_at, a.created_at, m.arrived_at) >= s.since_at, s.since_at IS NULL)
  AND COALESCE(COALESCE(a.attempted_at, a.created_at, m.arrived_at) < s.until_at, s.until_at IS NULL)
