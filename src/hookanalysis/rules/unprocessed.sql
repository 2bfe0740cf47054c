/*---
id = "unprocessed"
title = "Events that were accepted, then never processed"
guide_step = "Check Signature Verification"
cause = "receiver"
severity = "critical"
place = 93
explain = """
Your server answered these events with a 2xx, so the sender counts them as delivered. But your
application's log, which covers that time, does not show that it processed them, or it shows that
it dropped them because the signature did not fit. Nobody else will notice this loss."""
next_check = """
Read your application's log at these times. Is there an error just after the answer, or a queue that
lost its work? Does the signature check use the endpoint's present secret key? A regenerated key
makes the old one invalid at once. Once that is mended, resend these events: none of them has been
processed."""

[requires]
proven = "it was accepted, and your application never handled it"

[against]
handled = "your logs tell that it was processed"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  processed_count > 0 AS handled
FROM deliveries
WHERE outcome = 'unprocessed' AND NOT COALESCE(is_test, FALSE)
