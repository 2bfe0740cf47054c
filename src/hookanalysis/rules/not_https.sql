/*---
id = "not_https"
title = "An endpoint that is not https"
guide_step = "Check Endpoint URL"
cause = "receiver"
severity = "warning"
place = 40
explain = """
The endpoint's URL begins with http://, so names, addresses and barcodes of your customers cross
the network in the clear, and a server that redirects to https loses every event, because the
sender does not follow redirects."""
next_check = """
Set up TLS on the endpoint's host and change the URL in the dashboard to https://."""

[requires]
plain = "the URL in the sender's export begins with http://"
---*/
SELECT
  endpoint_url,
  CAST(NULL AS VARCHAR) AS event_uuid,
  MIN(hour_at) AS happened_at,
  MAX(hour_at) + INTERVAL '1 hour' AS ends_at,
  TRUE AS plain
FROM endpoint_hours
WHERE LOWER(endpoint_url) LIKE 'http://%'
GROUP BY endpoint_url
