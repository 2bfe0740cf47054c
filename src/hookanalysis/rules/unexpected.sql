/*---
id = "unexpected"
title = "Events that the sender does not list"
guide_step = "Check Signature Verification"
cause = "unknown"
severity = "warning"
place = 95
explain = """
Your logs tell of these events, and the sender's export, which covers that time, does not list them.
That may be harmless: a trial of your own, or an export of another account. It may also be a request
that somebody else made up."""
next_check = """
Look up a few of these ids at the sender. If they are there, the export was incomplete: load a
full one. If not, see which addresses the requests came from, and whether your application
checks the signature and ignores what does not fit."""

[requires]
proven = "your logs have it, and the sender's export, which covers that time, does not"

[against]
related = "the sender's export lists another event of the same transaction"

[senders.showpass]
explain = """
Your logs tell of these events, and the sender's export, which covers that time, does not list them.
That may be harmless: a trial of your own, or an export of another account. It may also be a request
that somebody else made up: a signature covers the payload's id alone, never the event's uuid."""
next_check = """
Look up a few of these uuids in the dashboard. If they are there, the export was incomplete: load a
full one (tab All). If not, see which addresses the requests came from, and whether your application
checks the signature and ignores what does not fit."""
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  EXISTS (
    SELECT 1 FROM deliveries AS o
    WHERE o.transaction_id = deliveries.transaction_id AND o.attempts > 0
  ) AS related
FROM deliveries
WHERE outcome = 'unexpected' AND NOT COALESCE(is_test, FALSE)
