/* deliveries: the verdict on each delivery.
   grain:  one event for one endpoint
   inputs: delivery_evidence, settings

   First plain flags, then one CASE, read from top to bottom: the first line that holds is the
   verdict, written as `outcome: detail`. Nothing is called missed unless the receiver's logs cover
   all the time in which it could have come, or the sender itself says that no request ever left.
   untraced: no receipt of any attempt, or none of the one that succeeded and no other was accepted.
   took_effect: processed, if the logs tell; else accepted.
   mixed: requests of several endpoints, which the export does not name: what came to two paths, or
   was sent twice at once and came once. */
WITH flags AS (
  SELECT
    e.*,
    e.arrivals > 0 AS arrived, e.accepted_count > 0 AS accepted,
    e.arrivals = 0 OR (e.success_silent AND e.accepted_count = 0) AS untraced,
    COALESCE(e.processed_count, e.accepted_count) > 0 AS took_effect,
    (e.says = 'ok' AND (e.had_failure OR e.arrivals > 1))
      OR (e.says IN ('fail_http', 'fail_nohttp') AND e.resend_unlisted) AS took_several_tries,
    e.endpoint_url = '' AND (e.several_paths OR (e.says = 'ok' AND NOT e.had_failure
      AND e.arrivals BETWEEN 1 AND e.attempts - 1 AND e.last_attempt_at
        <= e.first_attempt_at + s.same_send_seconds * INTERVAL '1 second')) AS mixed
  FROM delivery_evidence AS e
  CROSS JOIN settings AS s
  WHERE (s.since_at IS NULL OR e.first_seen_at >= s.since_at)
    AND (s.until_at IS NULL OR e.first_seen_at < s.until_at)
),
verdicts AS (
  SELECT
    f.*,
    CASE
      WHEN f.says = 'conflict' THEN 'undetermined: conflict'
      WHEN f.processed_count > 1 AND NOT f.mixed THEN 'duplicated: double_processed'
      WHEN f.says = 'absent' AND f.sender_covered AND f.is_test THEN 'unexpected: test'
      WHEN f.says = 'absent' AND f.sender_covered AND (f.stranger OR f.signature_failed)
        THEN 'unexpected: forged'
      WHEN f.says = 'absent' AND f.sender_covered THEN 'unexpected: orphan'
      WHEN f.says = 'absent' THEN 'undetermined: sender_coverage'
      WHEN f.in_grace AND NOT f.took_effect AND NOT (f.says = 'ok' AND f.accepted AND f.said_failed)
        THEN 'pending: in_flight'
      WHEN f.success_unheard AND NOT f.accepted THEN 'undetermined: sender_coverage'
      WHEN NOT f.arrived AND f.never_sent THEN 'missed: never_reached'
      WHEN f.untraced AND (f.undecided OR f.mixed) THEN 'undetermined: ambiguous'
      WHEN f.untraced AND NOT f.receiver_covered THEN 'undetermined: receiver_coverage'
      WHEN NOT f.arrived AND f.says = 'no_attempt' AND NOT (f.sender_covered OR f.type_arrives)
        THEN 'undetermined: sender_coverage'
      WHEN NOT f.arrived AND f.says = 'no_attempt' THEN 'missed: not_attempted'
      WHEN NOT f.arrived AND f.says = 'fail_nohttp' THEN 'missed: never_reached'
      WHEN NOT f.arrived AND f.says = 'fail_http' AND NOT f.refusals_told
        THEN 'undetermined: receiver_coverage'
      WHEN NOT f.arrived AND f.says = 'fail_http' THEN 'missed: answered_upstream'
      WHEN NOT f.arrived AND f.says = 'pending' THEN 'missed: stuck_pending'
      WHEN NOT f.arrived THEN 'missed: false_success'
      WHEN NOT f.accepted AND f.says = 'no_attempt' AND f.weakest_rule = 4
        THEN 'undetermined: ambiguous'
      WHEN NOT f.accepted AND f.says = 'ok' THEN 'refused: contradictory_status'
      WHEN NOT f.accepted THEN 'refused: rejected'
      WHEN NOT f.took_effect AND f.signature_failed THEN 'unprocessed: signature_dropped'
      WHEN NOT f.took_effect THEN 'unprocessed: accepted_not_processed'
      WHEN f.processed_count IS NULL AND f.processing_hidden THEN 'undetermined: receiver_coverage'
      WHEN f.mixed OR (f.accepted_count > 1 AND f.undecided) THEN 'undetermined: ambiguous'
      WHEN f.accepted_count > 1 THEN 'duplicated: ' || COALESCE(f.repeat_kind, 'replay')
      WHEN f.took_several_tries THEN 'recovered: recovered'
      WHEN f.says IN ('fail_http', 'fail_nohttp') THEN 'unacknowledged: false_failure'
      WHEN f.says = 'pending' THEN 'delivered: delivered_pending'
      WHEN f.says = 'no_attempt' THEN 'delivered: delivered_unlogged'
      ELSE 'delivered: delivered'
    END AS verdict
  FROM flags AS f
)
SELECT
  v.event_uuid, v.endpoint_url, v.event_type, v.transaction_id,
  SPLIT_PART(v.verdict, ': ', 1) AS outcome, SPLIT_PART(v.verdict, ': ', 2) AS detail,
  CASE v.verdict
    WHEN 'pending: in_flight'
      THEN 'in_grace: the exports end too soon after its last attempt; load a later export'
    WHEN 'undetermined: conflict'
      THEN 'conflict: exports disagree about this event; export its attempts again'
    WHEN 'undetermined: ambiguous' THEN COALESCE(v.stranger_reason,
      'ambiguous: requests fit several attempts or endpoints; log the uuid, name all endpoints, '
        || 'load an export of each with its `endpoint` under [[sources]]')
    WHEN 'undetermined: sender_coverage' THEN v.omission_reason
    WHEN 'undetermined: receiver_coverage' THEN v.absence_reason
  END AS reason,
  CASE WHEN v.says = 'absent' THEN 'receiver'
    WHEN v.arrived OR (v.verdict LIKE 'missed%' AND v.receiver_covered) THEN 'both' ELSE 'sender'
  END AS evidence, v.first_attempt_at, v.last_attempt_at, v.attempts, v.last_status,
  v.last_http_status, v.last_error_kind, v.first_receipt_at, v.arrivals AS receipts,
  v.accepted_count, v.processed_count, v.receiver_status,
  CASE WHEN v.accepted THEN
    DATE_DIFF('microsecond', v.first_attempt_at, v.first_accepted_at) / 1000.0 END AS lag_ms,
  CASE v.weakest_rule
    WHEN 1 THEN 'uuid' WHEN 2 THEN 'transaction' WHEN 3 THEN 'request_id' WHEN 4 THEN 'time'
  END AS match_rule, v.is_test
FROM verdicts AS v
