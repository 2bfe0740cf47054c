/*---
id = "evidence"
title = "Events whose fate the logs at hand cannot tell"
guide_step = "Best practices"
cause = "logs"
severity = "warning"
place = 80
fallback = true
explain = """
For these events there is a hole in the logs, or two of them contradict each other. They may have
arrived, or they may be missed: nothing is claimed, and they count as possibly missed."""
next_check = """
The reason beside each event names the hole and how to close it: most often one more log file to
load, such as the next rotated one or that of another host. Load it and reconcile again. Do not
resend on this ground alone: some of these events may well have been processed."""

[requires]
named = "the verdict names the hole in the logs"

[[case]]
name = "a hole in the logs of either side"
kind = "fires"
expect = ["no-export", "no-log"]
deliveries = [
  { event_uuid = "no-log", outcome = "undetermined", reason = "after_last_log: …" },
  { event_uuid = "no-export", outcome = "undetermined", reason = "too_old: …" },
]

[[case]]
name = "judged, still pending, a test, or known to have arrived"
kind = "silent"
expect = []
deliveries = [
  { event_uuid = "lost", outcome = "missed", is_test = false },
  { event_uuid = "waiting", outcome = "pending", is_test = false },
  { event_uuid = "came", outcome = "undetermined", detail = "sender_coverage", accepted_count = 1 },
  { event_uuid = "test", outcome = "undetermined", reason = "after_last_log: …", is_test = true },
]

[[case]]
name = "without an outcome it is silent; without the test flag it is no test"
kind = "null"
expect = ["no-flag"]
weak = ["no-flag"]
deliveries = [{ event_uuid = "nothing" }, { event_uuid = "no-flag", outcome = "undetermined" }]
---*/
SELECT
  endpoint_url,
  event_uuid,
  COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  reason IS NOT NULL AS named
FROM deliveries
WHERE outcome = 'undetermined'
  AND NOT COALESCE(is_test, FALSE)
  AND NOT COALESCE(detail = 'sender_coverage' AND accepted_count > 0, FALSE)
