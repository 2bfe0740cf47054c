/*---
id = "test_health"
title = "Test events that did not get through"
guide_step = "Best practices"
cause = "unknown"
severity = "warning"
place = 41
explain = """
Events of the type webhook.test were sent to this endpoint, and did not arrive, were refused, or
were not handled. Tests are left out of all rates, but a test that fails says that real events may
fail too."""
next_check = """
Look at the cause named for real events of the same time, if there are any. Once it is mended,
send a test event from the dashboard, and see that it arrives and is processed."""

[requires]
failed = "the verdict on a test event is that it was missed, refused, dropped or not acknowledged"
---*/
SELECT
  endpoint_url,
  event_uuid,
  COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  TRUE AS failed
FROM deliveries
WHERE is_test AND outcome IN ('missed', 'refused', 'unprocessed', 'unacknowledged')
