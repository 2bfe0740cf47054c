/*---
id = "signature_checks"
title = "Signatures do not fit the secret key"
guide_step = "Check Signature Verification"
cause = "receiver"
severity = "warning"
place = 46
explain = """
Your logs, or the sender's export, hold signatures, and computed again from the payload's id and the
secret key, some or all of these signatures come out otherwise. Either the key
that is set here is not the endpoint's, or it was regenerated at some time, or the
requests are not the sender's."""
next_check = """
Compare the key in the environment variable that the settings name with the one at the sender.
If signatures fit up to one moment and not after it, the key was regenerated then: give your
application the new one. Look into requests that do not fit among others that do: where they came
from, and whether your application ignored them."""

[requires]
computed = "the HMAC-SHA1 of the payload's id under the secret key is another than the logged one"

[against]
other_key = "none ever fitted: the key that is set here may be of another endpoint"

[senders.showpass]
explain = """
Your logs, or the sender's export, hold the X-SHOWPASS-SIGNATURE header, and computed again from the
payload's id and the secret key, some or all of these signatures come out otherwise. Either the key
that is set here is not the endpoint's, or it was regenerated in the dashboard at some time, or the
requests are not the sender's."""
---*/
WITH counts AS (
  SELECT
    COALESCE(d.endpoint_url, '') AS endpoint_url, COUNT(*) FILTER (c.fits) AS fitting,
    COUNT(*) FILTER (NOT c.fits) AS odd,
    MAX(c.logged_at) FILTER (c.fits) AS last_fit_at,
    MIN(c.logged_at) FILTER (NOT c.fits) AS first_odd_at,
    MAX(c.logged_at) FILTER (NOT c.fits) AS last_odd_at
  FROM signature_checks AS c
  LEFT JOIN (
    SELECT event_uuid, MIN(endpoint_url) AS endpoint_url
    FROM deliveries
    WHERE event_uuid IN (SELECT event_uuid FROM signature_checks)
    GROUP BY event_uuid HAVING MIN(endpoint_url) = MAX(endpoint_url)
  ) AS d ON d.event_uuid = c.event_uuid
  GROUP BY ALL
)
SELECT
  endpoint_url,
  first_odd_at AS happened_at,
  last_odd_at AS ends_at,
  'odd=' || odd || COALESCE(' fitting=' || NULLIF(fitting, 0), '') || CASE
    WHEN last_fit_at < first_odd_at THEN ' since=' || STRFTIME(first_odd_at, '%Y-%m-%dT%H:%M:%S')
    ELSE ''
  END AS what,
  fitting = 0 AS other_key
FROM counts
WHERE odd > 0
