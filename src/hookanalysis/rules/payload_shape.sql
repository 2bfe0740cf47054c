/*---
id = "payload_shape"
title = "Payloads that lack documented fields"
guide_step = "Examine the Payload"
cause = "sender"
severity = "warning"
place = 48
explain = """
The sender's export holds payloads without fields that its guide documents for every invoice
event. Code that relies on such a field fails on these events; and a field may be missing because
the export was cut or edited by hand."""
next_check = """
Look at one of these events at the sender. If the field is missing there too, let your code do
without it, and tell the sender. If it is there, take the export again."""

[requires]
documented = "the payload's keys lack one that the guide documents for invoice events"

[against]
cut = "no payload of the export has the field: it was left out of all of them"
---*/
WITH shapes AS (
  SELECT
    COALESCE(r.endpoint_url, '') AS endpoint_url, STRING_SPLIT(r.payload_keys, ',') AS keys,
    COUNT(*) AS payloads, SUM(COUNT(*)) OVER (PARTITION BY COALESCE(r.endpoint_url, '')) AS all_payloads,
    MIN(r.attempted_at) AS first_at, MAX(r.attempted_at) AS last_at
  FROM attempt_records AS r
  JOIN generations USING (generation_id)
  WHERE payload_keys IS NOT NULL AND event_type LIKE 'invoice.%' AND STARTS_WITH(format, 'showpass_')
  GROUP BY COALESCE(r.endpoint_url, ''), r.payload_keys
)
SELECT
  endpoint_url, MIN(first_at) AS happened_at, MAX(last_at) AS ends_at,
  'payloads=' || SUM(payloads) || ' field=' || field AS what,
  SUM(payloads) = MAX(all_payloads) AS cut
FROM shapes
CROSS JOIN (SELECT UNNEST([
  'id', 'event_type', 'webhook_event_uuid', 'data', 'data.transaction_id', 'data.ticket_items',
  'data.invoice_items'
]) AS field)
WHERE NOT LIST_CONTAINS(keys, field)
GROUP BY endpoint_url, field
