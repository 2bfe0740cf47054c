/*---
id = "refused"
title = "Events that your server refused"
guide_step = "Inspect HTTP Status Codes"
cause = "receiver"
severity = "critical"
place = 92
explain = """
These events reached your server, and it answered every try with an error or a redirect. The sender
does not follow redirects, and takes no answer but 2xx for a success."""
next_check = """
The status code says where to look. 3xx: set the endpoint to the direct URL. 401 or 403: a log-in,
an allow-list or a signature check turns the sender away; a signature that does not fit should be
noted on your side, not answered with 401 or 403. 404: the path is not there. 405: let it accept
POST. 5xx: read your application's log at these times. Once that is mended, resend these events:
none of them was accepted, so a resend cannot duplicate them."""

[requires]
answered = "your server answered each try with an error"

[against]
accepted = "your logs show that one of its requests was accepted"
---*/
SELECT
  endpoint_url, event_uuid, COALESCE(first_attempt_at, first_receipt_at) AS happened_at,
  accepted_count > 0 AS accepted
FROM deliveries
WHERE outcome = 'refused' AND NOT COALESCE(is_test, FALSE)
