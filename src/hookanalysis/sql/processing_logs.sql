/* processing_logs: layers behind the edge that tell when an endpoint's event is processed.
   grain:  one endpoint and layer
   inputs: matches

   At least half of the events that the layer took in must be said to be processed, or eight of ten
   in a row: an outage of the processing, however long, does not unlearn what the log told before
   it. Only then does it mean something if a log says only that an event came. A log that tells of
   failures and repeats tells the exception, which says nothing of the rule. */
WITH named_events AS (
  SELECT
    endpoint_url, layer, event_uuid, MIN(arrived_at) AS arrived_at,
    BOOL_OR(processed IS NOT NULL) AS told
  FROM matches
  WHERE layer <> 'edge' AND accepted AND COALESCE(processed, TRUE) AND NOT known_before
    AND match_rule <> 'time' AND endpoint_url <> ''
  GROUP BY ALL
)
SELECT endpoint_url, layer
FROM (SELECT *, of_ten(told, endpoint_url, layer, arrived_at, event_uuid) AS of_ten FROM named_events)
GROUP BY ALL
HAVING usually(told, of_ten)
