/*---
id = "idempotency"
title = "Events that were processed more than once"
guide_step = "Best practices"
cause = "receiver"
severity = "critical"
place = 5
explain = """
These events arrived more than once, and your application processed them each time. An event may
well arrive again, by a resend or after a time-out; what went wrong is that the second arrival was
not recognised. What the events set off may have happened twice: tickets, entries, e-mails,
refunds."""
next_check = """
Put right what happened twice. Then keep the webhook_event_uuid of each processed event, and skip
an event whose uuid is there already; still answer it with 2xx. Do not use the payload's id for
this: a purchase and its refund share it. Resend none of these events."""

[requires]
processed = "your application says more than once that it processed the same webhook_event_uuid"
---*/
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  TRUE AS processed
FROM symptoms
WHERE detail = 'double_processed'
