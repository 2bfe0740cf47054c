/*---
id = "payload_extras"
title = "Payloads with fields that are not documented"
guide_step = "Examine the Payload"
cause = "sender"
severity = "info"
place = 49
explain = """
The sender's export holds payloads with fields at their top level that its guide does not document
for invoice events. Most code passes over them; code that allows only the fields it knows fails."""
next_check = """
If your code checks payloads against a schema, let it accept further fields. Ask the sender what
they mean before you rely on one."""

[requires]
undocumented = "the payload has a key that the guide does not document for invoice events"

[against]
usual = "your endpoint accepted nearly all events of that time"
---*/
WITH fields AS (
  SELECT
    COALESCE(endpoint_url, '') AS endpoint_url, attempted_at,
    UNNEST(STRING_SPLIT(payload_keys, ',')) AS field
  FROM attempt_records
  JOIN generations USING (generation_id)
  WHERE payload_keys IS NOT NULL AND event_type LIKE 'invoice.%' AND STARTS_WITH(format, 'showpass_')
)
SELECT
  endpoint_url, MIN(attempted_at) AS happened_at, MAX(attempted_at) AS ends_at,
  'payloads=' || COUNT(*) || ' field=' || field AS what,
  (SELECT COUNT(*) FILTER (WHERE d.accepted_count > 0) > 0.95 * COUNT(*) FROM deliveries AS d
   WHERE COALESCE(d.endpoint_url, '') = fields.endpoint_url
     AND d.first_attempt_at BETWEEN MIN(attempted_at) AND MAX(attempted_at)) AS usual
FROM fields
WHERE field NOT LIKE 'data.%' AND field NOT IN ('data', 'event_type', 'id', 'webhook_event_uuid')
GROUP BY endpoint_url, field
