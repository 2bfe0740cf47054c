/* resends: which events to send again now, and in which order; which not to; which resends worked.
   grain:  one delivery that failed at least once, or of which the logs cannot tell
   inputs: deliveries, failing_attempts

   An event that is missed, refused or lost after its answer cannot be duplicated by a resend. It
   waits while the endpoint has had no success since: a resend would fail in the same way. The order
   is that of the events, so that a purchase goes before its refund. */
WITH advised_deliveries AS (
  SELECT
    d.event_uuid, d.endpoint_url, d.event_type, d.transaction_id, d.outcome, d.detail,
    COALESCE(d.first_attempt_at, d.first_receipt_at) AS happened_at,
    CASE
      WHEN d.outcome = 'recovered' THEN 'done'
      WHEN d.detail = 'resend_after_failure' THEN 'done'
      WHEN d.detail = 'unanswered' THEN 'wait'
      WHEN d.outcome IN ('unacknowledged', 'duplicated') THEN 'do_not_resend'
      WHEN d.detail = 'sender_coverage' AND COALESCE(d.processed_count, d.accepted_count) > 0
        THEN 'do_not_resend'
      WHEN d.outcome IN ('undetermined', 'pending') THEN 'wait'
      WHEN e.run_size > 2 AND e.accepted_after IS NULL THEN 'wait'
      ELSE 'resend'
    END AS advice
  FROM (
    -- A proxy that did not wait for the answer refuses what may have been handled.
    SELECT * REPLACE (CASE WHEN outcome = 'refused' AND processed_count IS NULL
      AND receiver_status IN (504, 524) THEN 'unanswered' ELSE detail END AS detail)
    FROM deliveries
  ) AS d
  LEFT JOIN (
    SELECT delivery_no, MAX(run_size) AS run_size, MIN(accepted_after) AS accepted_after
    FROM failing_attempts GROUP BY delivery_no
  ) AS e ON e.delivery_no = d.delivery_no
  WHERE d.outcome NOT IN ('delivered', 'unexpected') AND NOT d.is_test
)
SELECT
  ROW_NUMBER() OVER (
    ORDER BY
      list_position(['resend', 'wait', 'do_not_resend', 'done'], advice), happened_at, event_uuid,
      endpoint_url
  ) AS position,
  advice, event_uuid, endpoint_url, event_type, transaction_id, happened_at,
  CASE
    WHEN advice = 'done' THEN 'resent'
    WHEN outcome = 'undetermined' AND advice = 'do_not_resend' THEN 'unlisted'
    WHEN detail IN ('double_processed', 'unanswered') THEN detail
    WHEN advice = 'wait' AND outcome NOT IN ('undetermined', 'pending') THEN 'still_failing'
    ELSE outcome
  END AS reason
FROM advised_deliveries
