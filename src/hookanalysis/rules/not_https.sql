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

[[case]]
name = "plain http"
kind = "fires"
expect = ["http://shop.example/hooks"]
endpoint_hours = [
  { endpoint_url = "http://shop.example/hooks", hour_at = 2026-11-20T10:00:00 },
  { endpoint_url = "http://shop.example/hooks", hour_at = 2026-11-20T11:00:00 },
]

[[case]]
name = "https, or unknown"
kind = "silent"
expect = []
endpoint_hours = [
  { endpoint_url = "https://shop.example/hooks" },
  { endpoint_url = "" },
]

[[case]]
name = "no endpoint is named"
kind = "null"
expect = []
endpoint_hours = [{ attempts = 1 }]
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
