/*---
id = "app_error"
title = "Your application failed on these events"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 27
explain = """
Your application took the request and answered with a server error: its own code, or something
that it relies on (a database, another service), broke. If it began at one moment, a release is
the likely reason."""
next_check = """
Read your application's log at these lines and times for the exception, and compare the first time
with your releases. Once it is mended, resend the events that have not been accepted since."""

[requires]
answered = "it was answered with a server error, 5xx"
logged = "your application's own log tells of the failure"

[against]
handled = "your application says that it processed the event, and of no failure"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  app_failed OR app_status BETWEEN 500 AND 599 AS logged,
  processed AND NOT app_failed AS handled
FROM symptoms
WHERE answer BETWEEN 500 AND 599 AND (NOT is_proxys(answer) OR app_failed OR app_lines > 0)
