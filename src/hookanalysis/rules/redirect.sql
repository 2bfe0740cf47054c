/*---
id = "redirect"
title = "Your server answered with a redirect, which the sender does not follow"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 12
explain = """
These requests were answered with a redirect to another address: from http to https, to a path
with or without a slash at its end, to another host name, or to a log-in page. The sender does not
follow redirects, so the event ended there."""
next_check = """
Open the endpoint's URL as it is configured and see where it leads. Put that final address into
the sender's settings, letter by letter, with https:// and the right end of the path. Then resend these
events: none of them was accepted."""

[requires]
answered = "the sender or your edge shows a 3xx answer"
stopped = "your application did not accept it"

[against]
accepted = "your application says that it processed the event"
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  processed IS NOT TRUE AS stopped,
  processed AS accepted
FROM symptoms
WHERE answer BETWEEN 300 AND 399
