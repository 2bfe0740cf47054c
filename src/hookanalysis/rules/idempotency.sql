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
not recognised. What the events set off may have happened twice."""
next_check = """
Put right what happened twice. Then keep the id of each processed event, and skip an event whose id
is there already; still answer it with 2xx. Resend none of these events."""

[requires]
processed = "your application says more than once that it processed the same event"

[against]
once = "your logs tell that it was processed once"

[senders.showpass]
next_check = """
Put right what happened twice: tickets, entries, e-mails, refunds. Then keep the
webhook_event_uuid of each processed event, and skip an event whose uuid is there already; still
answer it with 2xx. Do not use the payload's id for this: a purchase and its refund share it.
Resend none of these events."""
---*/
SELECT
  s.endpoint_url, s.event_uuid, s.happened_at,
  d.processed_count < 2 AS once
FROM symptoms AS s
LEFT JOIN deliveries AS d ON d.event_uuid = s.event_uuid AND d.endpoint_url = s.endpoint_url
WHERE s.detail = 'double_processed'
