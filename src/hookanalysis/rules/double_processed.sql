/*---
id = "double_processed"
title = "Events that were processed more than once"
guide_step = "Best practices"
cause = "receiver"
severity = "critical"
explain = """
These events arrived more than once, and your application processed them each time. An event may
well arrive again, by a resend or after a time-out; what went wrong is that the second arrival was
not recognised. What the events set off may have happened twice: tickets, entries, e-mails,
refunds."""
next_check = """
Put right what happened twice. Then keep the webhook_event_uuid of each processed event, and skip an
event whose uuid is there already; still answer it with 2xx. Do not use the payload's id for this:
a purchase and its refund share it. Resend none of these events."""

[[case]]
name = "processed twice"
kind = "fires"
expect = ["thrice", "twice"]
deliveries = [
  { event_uuid = "twice", outcome = "duplicated", processed_count = 2, is_test = false },
  { event_uuid = "thrice", outcome = "duplicated", processed_count = 3, is_test = false },
]

[[case]]
name = "arrived twice and was recognised; or a test"
kind = "silent"
expect = []
deliveries = [
  { event_uuid = "recognised", outcome = "duplicated", processed_count = 1, is_test = false },
  { event_uuid = "fine", outcome = "delivered", processed_count = 1, is_test = false },
  { event_uuid = "test", outcome = "duplicated", processed_count = 2, is_test = true },
]

[[case]]
name = "no log tells how often it was processed"
kind = "null"
expect = []
deliveries = [
  { event_uuid = "nothing" },
  { event_uuid = "edge-only", outcome = "duplicated" },
]
---*/
SELECT
  endpoint_url,
  event_uuid,
  COALESCE(first_attempt_at, first_receipt_at) AS happened_at
FROM deliveries
WHERE processed_count >= 2
  AND NOT COALESCE(is_test, FALSE)
