/*---
id = "false_repeat"
title = "Events that were skipped as known, though their work had failed"
guide_step = "Best practices"
cause = "receiver"
severity = "critical"
place = 6
explain = """
Your application failed on these events when they came first. When they came again, it took them
for known and answered with success, without doing the work: it notes an event as handled before
its work has succeeded. The sender shows a success, and nobody is warned."""
next_check = """
Note an event's id as handled in the same transaction as its work, or only after it. Take these
events' notes away, and resend them: none of them was processed."""

[requires]
failed = "your application failed on it, or refused it, at an earlier try"
skipped = "at a later try it says that it knew the event, and answers with success"

[against]
processed = "your application says that it processed the event"
---*/
SELECT
  endpoint_url, event_uuid, MIN(happened_at) AS happened_at, BOOL_OR(processed) AS processed
FROM symptoms
WHERE outcome = 'unprocessed'
GROUP BY endpoint_url, event_uuid
HAVING BOOL_OR(app_failed OR answer >= 400)
  AND BOOL_OR(known_before AND COALESCE(answer, 200) < 300)
