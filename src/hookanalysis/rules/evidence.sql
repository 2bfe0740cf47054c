/*---
id = "evidence"
title = "Events whose fate the logs at hand cannot tell"
guide_step = "Best practices"
cause = "logs"
severity = "warning"
place = 80
explain = """
For these events there is a hole in the logs, or two of them contradict each other. They may have
arrived, or they may be missed: nothing is claimed, and they count as possibly missed."""
next_check = """
The reason beside each event names the hole and how to close it: most often one more log file to
load, such as the next rotated one or that of another host. Load it and reconcile again. Do not
resend on this ground alone: some of these events may well have been processed."""

[requires]
named = "the verdict names the hole in the logs"

[against]
shown = "your logs show that it was accepted"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  reason IS NOT NULL AS named,
  accepted_count > 0 AS shown
FROM deliveries
WHERE outcome = 'undetermined' AND NOT COALESCE(is_test, FALSE)
  AND NOT COALESCE(detail = 'sender_coverage' AND accepted_count > 0, FALSE)
