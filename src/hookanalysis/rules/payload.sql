/*---
id = "payload"
title = "Your server cannot handle what is in some events"
guide_step = "Examine the Payload"
cause = "receiver"
severity = "critical"
place = 26
explain = """
Your server refuses these events for what they hold, while it accepts others: it answered 400,
413, 415 or 422; or it failed with 500 on one kind of event, or on the same event each time it was
sent. A field may be missing, empty or unexpected, or the payload too large."""
next_check = """
Compare the payload of one of these events, as the sender shows it, with one that was accepted,
field by field: empty lists, missing values, the size of the whole. Let your code bear
what the documentation allows, raise the size limit after a 413, and then resend: a resend before
that fails in the same way."""

[requires]
answered = "it was answered 400, 413, 415, 422 or 500"
others = "other events were accepted in the hours before and after"
pattern = "the answer is about the content, falls on one type of event, or came again on a resend"

[against]
passed = "the same payload was accepted when it was sent again"
unsigned = "your application logs, at that moment, a signature that does not fit"

[senders.showpass]
next_check = """
Compare the payload of one of these events in the dashboard with one that was accepted, field by
field: empty lists such as ticket_items, missing values, the number of tickets. Let your code bear
what the documentation allows, raise the size limit after a 413, and then resend: a resend before
that fails in the same way."""
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  amid(happened_at, accepted_before, accepted_after, INTERVAL '12 hours') AS others,
  answer IN (400, 413, 415, 422) OR same_answers > 1
    OR (type_chance < 0.001 AND type_rate >= 0.5) AS pattern,
  outcome = 'recovered' AS passed,
  signature_failed OR signature_near AS unsigned
FROM symptoms
WHERE answer IN (400, 413, 415, 422)
  OR (
    answer = 500
    AND ((type_chance < 0.001 AND type_rate >= 0.5) OR (same_answers > 1 AND run_size <= 3))
  )
