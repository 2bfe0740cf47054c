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
WITH documented_fields(field) AS (
  VALUES
    ('id'), ('event_type'), ('webhook_event_uuid'), ('data'), ('data.transaction_id'),
    ('data.ticket_items'), ('data.invoice_items')
),
shapes AS (
  SELECT
    COALESCE(endpoint_url, '') AS endpoint_url, payload_keys, COUNT(*) AS payloads,
    MIN(attempted_at) AS first_at, MAX(attempted_at) AS last_at
  FROM attempt_records
  WHERE payload_keys IS NOT NULL AND event_type LIKE 'invoice.%'
    AND generation_id IN (
      SELECT generation_id FROM generations WHERE STARTS_WITH(format, 'showpass_')
    )
  GROUP BY COALESCE(endpoint_url, ''), payload_keys
)
SELECT
  s.endpoint_url,
  MIN(s.first_at) AS happened_at,
  MAX(s.last_at) AS ends_at,
  'payloads=' || SUM(s.payloads) || ' field=' || f.field AS what,
  SUM(s.payloads) = MAX(t.payloads) AS cut
FROM shapes AS s
CROSS JOIN documented_fields AS f
JOIN (SELECT endpoint_url, SUM(payloads) AS payloads FROM shapes GROUP BY endpoint_url) AS t
  ON t.endpoint_url = s.endpoint_url
WHERE CONCAT(',', s.payload_keys, ',') NOT LIKE CONCAT('%,', f.field, ',%')
GROUP BY s.endpoint_url, f.field
