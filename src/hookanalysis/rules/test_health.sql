/*---
id = "test_health"
title = "Test events that did not get through"
guide_step = "Best practices"
cause = "unknown"
severity = "warning"
place = 41
explain = """
Test events were sent to this endpoint, and did not arrive, were refused, or
were not handled. Tests are left out of all rates, but a test that fails says that real events may
fail too."""
next_check = """
Look at the cause named for real events of the same time, if there are any. Once it is mended,
send a test event, and see that it arrives and is processed."""

[requires]
failed = "the verdict on a test event is that it was missed, refused, dropped or not acknowledged"

[against]
real = "real events were accepted at the endpoint within an hour of it"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  EXISTS (
    SELECT 1 FROM deliveries AS r
    WHERE r.endpoint_url = d.endpoint_url AND NOT r.is_test AND r.accepted_count > 0
      AND ABS(DATE_DIFF('second', r.first_attempt_at, d.first_attempt_at)) <= 3600
  ) AS real
FROM deliveries AS d
WHERE is_test AND outcome IN ('missed', 'refused', 'unprocessed', 'unacknowledged')
