/*---
id = "not_https"
title = "An endpoint that is not https"
guide_step = "Check Endpoint URL"
cause = "receiver"
severity = "warning"
place = 40
explain = """
The endpoint's URL begins with http://, so what the events say of your customers crosses
the network in the clear, and a server that redirects to https loses every event, because the
sender does not follow redirects."""
next_check = """
Set up TLS on the endpoint's host and change the URL at the sender to https://."""

[requires]
plain = "the URL in the sender's export begins with http://"

[against]
secured = "later events went to the same URL with https://"
---*/
SELECT
  endpoint_url,
  MIN(hour_at) AS happened_at,
  MAX(hour_at) + INTERVAL '1 hour' AS ends_at,
  EXISTS (
    SELECT 1 FROM endpoint_hours AS s
    WHERE LOWER(s.endpoint_url) = 'https' || SUBSTRING(LOWER(h.endpoint_url), 5)
      AND s.hour_at >= MAX(h.hour_at)
  ) AS secured
FROM endpoint_hours AS h
WHERE LOWER(endpoint_url) LIKE 'http://%'
GROUP BY endpoint_url
