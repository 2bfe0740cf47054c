/*---
id = "missed"
title = "Events that never arrived"
guide_step = "Firewall and Network Issues"
cause = "unknown"
severity = "critical"
place = 91
fallback = true
explain = """
The sender knows these events, and your own logs, which were being written at that time, hold no
trace of them; or the sender itself says that no connection came about. They were lost on the way,
so your systems do not know what happened in them."""
next_check = """
Compare the endpoint's URL letter by letter: is it the right one, public, and https://? Then see
whether your server was running at these times, and whether a firewall lets all of the sender's
addresses through. Once that is mended, resend these events from the dashboard: none of them
arrived, so a resend cannot duplicate them."""

[requires]
proven = "both sides' logs prove that it did not arrive, or the sender says that nothing was sent"

[[case]]
name = "a delivery proven not to have arrived"
kind = "fires"
expect = ["lost", "never-tried"]
deliveries = [
  { event_uuid = "lost", outcome = "missed", is_test = false },
  { event_uuid = "never-tried", outcome = "missed", is_test = false },
  { event_uuid = "fine", outcome = "delivered", is_test = false },
]

[[case]]
name = "what is unknown, refused or a test is not called missed"
kind = "silent"
expect = []
deliveries = [
  { event_uuid = "unknown", outcome = "undetermined", is_test = false },
  { event_uuid = "refused", outcome = "refused", is_test = false },
  { event_uuid = "waiting", outcome = "pending", is_test = false },
  { event_uuid = "test", outcome = "missed", is_test = true },
]

[[case]]
name = "without an outcome it is silent; without the test flag it is no test"
kind = "null"
expect = ["no-flag"]
deliveries = [{ event_uuid = "nothing" }, { event_uuid = "no-flag", outcome = "missed" }]
---*/
SELECT
  endpoint_url,
  event_uuid,
  COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  TRUE AS proven
FROM deliveries
WHERE outcome = 'missed'
  AND NOT COALESCE(is_test, FALSE)
