/*---
id = "address_gap"
title = "Some of the sender's addresses never reach you"
guide_step = "Firewall and Network Issues"
cause = "network"
severity = "warning"
place = 45
explain = """
Your logs show the sender's own addresses, but at least one of them never arrives, though the
sender uses them all alike. An allow-list or a firewall rule lacks that address, and the events
that it sends are lost."""
next_check = """
Compare the allow-list with the addresses that the sender publishes, and add those that are missing."""

[requires]
missing = "one of the sender's addresses has no line in your logs"
many = "chance would leave it out less often than once in a thousand times"

[against]
elsewhere = "all of the addresses show in the logs of your endpoints together"
---*/
WITH arrivals AS (
  SELECT
    a.endpoint_url, SUM(a.receipts) AS receipts, COUNT(*) AS addresses,
    MIN(a.first_at) AS first_at, MAX(a.last_at) AS last_at, MAX(LEN(s.sender_ips)) AS known
  FROM sender_addresses AS a
  CROSS JOIN settings AS s
  GROUP BY a.endpoint_url
)
SELECT
  endpoint_url,
  CAST(NULL AS VARCHAR) AS event_uuid,
  first_at AS happened_at,
  last_at AS ends_at,
  'seen=' || addresses || ' known=' || known || ' receipts=' || receipts AS what,
  TRUE AS missing,
  TRUE AS many,
  (SELECT COUNT(DISTINCT source_ip) FROM sender_addresses) >= known AS elsewhere
FROM arrivals
WHERE addresses < known AND known * POWER(1 - 1.0 / known, receipts) < 0.001
