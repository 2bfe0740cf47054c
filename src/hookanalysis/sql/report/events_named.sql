/* events_named: ids of events that begin so.
   grain:  one event
   inputs: deliveries, attempt_records, receipt_records; $uuid */
SELECT event_uuid FROM deliveries WHERE starts_with(event_uuid, $uuid)
UNION
SELECT event_uuid FROM attempt_records WHERE starts_with(event_uuid, $uuid)
UNION
SELECT event_uuid FROM receipt_records WHERE starts_with(event_uuid, $uuid)
UNION
SELECT name FROM (
  SELECT unnest(candidate_uuids) AS name FROM receipt_records
  WHERE candidate_uuids IS NOT NULL
) WHERE starts_with(name, $uuid)
