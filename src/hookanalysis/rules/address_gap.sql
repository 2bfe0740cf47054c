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
SELECT
  endpoint_url,
  MIN(first_at) AS happened_at,
  MAX(last_at) AS ends_at,
  'seen=' || COUNT(*) || ' known=' || known || ' receipts=' || SUM(receipts) AS what,
  (SELECT COUNT(DISTINCT source_ip) FROM sender_addresses) >= known AS elsewhere
FROM sender_addresses
CROSS JOIN (SELECT LEN(sender_ips) AS known FROM settings)
GROUP BY endpoint_url, known
HAVING COUNT(*) < known AND known * POWER(1 - 1.0 / known, SUM(receipts)) < 0.001
