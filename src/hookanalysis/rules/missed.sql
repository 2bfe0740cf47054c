/*---
id = "missed"
title = "Events that never arrived"
guide_step = "Firewall and Network Issues"
cause = "unknown"
severity = "critical"
place = 91
explain = """
The sender knows these events, and your own logs, which were being written at that time, hold no
trace of them; or the sender itself says that no connection came about. They were lost on the way,
so your systems do not know what happened in them."""
next_check = """
Compare the endpoint's URL letter by letter: is it the right one, public, and https://? Then see
whether your server was running at these times, and whether a firewall lets all of the sender's
addresses through. Once that is mended, resend these events: none of them
arrived, so a resend cannot duplicate them."""

[requires]
proven = "both sides' logs prove that it did not arrive, or the sender says that nothing was sent"

[against]
shown = "a line of your logs names it"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  receipts > 0 AS shown
FROM deliveries
WHERE outcome = 'missed' AND NOT COALESCE(is_test, FALSE)
