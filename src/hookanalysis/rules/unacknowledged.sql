/*---
id = "unacknowledged"
title = "Events that you have, and the sender calls failed"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "warning"
place = 94
explain = """
Your server accepted these events, or was at work on them when the sender gave up, yet the sender
lists them as failed: most likely the answer came too late, or was lost on its way back. They have
arrived. But whoever works through the sender's list of failures would send them again."""
next_check = """
Do not resend these events before you have seen that they were not handled. See how long your
endpoint takes: it should answer with 2xx within a few seconds, and do the longer work afterwards.
Make sure that an event whose id has been processed is skipped, in case somebody resends it all the
same."""

[requires]
proven = "your server has it, and the sender calls it failed"

[against]
failed = "the last answer that your own log shows is an error"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  receiver_status >= 400 AS failed
FROM deliveries
WHERE outcome = 'unacknowledged' AND NOT COALESCE(is_test, FALSE)
