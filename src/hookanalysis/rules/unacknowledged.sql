/*---
id = "unacknowledged"
title = "Events that you have, and the sender calls failed"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "warning"
place = 94
fallback = true
explain = """
Your server accepted these events, yet the sender lists them as failed: most likely the answer came
too late, or was lost on its way back. Nothing is missing. But whoever works through the sender's
list of failures would send them again."""
next_check = """
Do not resend these events. See how long your endpoint takes: it should answer with 2xx within a
few seconds, and do the longer work afterwards. Make sure that an event whose webhook_event_uuid has
been processed is skipped, in case somebody resends it all the same."""

[requires]
proven = "your server accepted it, and the sender calls it failed"

[[case]]
name = "accepted, and failed in the sender's eyes"
kind = "fires"
expect = ["too-late"]
deliveries = [
  { event_uuid = "too-late", outcome = "unacknowledged", is_test = false },
  { event_uuid = "fine", outcome = "delivered", is_test = false },
]

[[case]]
name = "failed on both sides, sent again already, or a test"
kind = "silent"
expect = []
deliveries = [
  { event_uuid = "refused", outcome = "refused", is_test = false },
  { event_uuid = "resent", outcome = "duplicated", is_test = false },
  { event_uuid = "test", outcome = "unacknowledged", is_test = true },
]

[[case]]
name = "without an outcome it is silent; without the test flag it is no test"
kind = "null"
expect = ["no-flag"]
deliveries = [{ event_uuid = "nothing" }, { event_uuid = "no-flag", outcome = "unacknowledged" }]
---*/
SELECT
  endpoint_url,
  event_uuid,
  COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  TRUE AS proven
FROM deliveries
WHERE outcome = 'unacknowledged'
  AND NOT COALESCE(is_test, FALSE)
