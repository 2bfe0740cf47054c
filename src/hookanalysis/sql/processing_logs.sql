/* processing_logs: layers behind the edge that tell when an endpoint's event is processed.
   grain:  one endpoint and layer
   inputs: matches

   Only where the layer usually says of what it took in that it was processed does it mean something
   if it says no more than that an event came. A log that tells of failures and repeats tells the
   exception, which says nothing of the rule. A line that tells of an event, and not of which of its
   endpoints, tells of each. Some twenty thousand events are enough to learn from, and
   all or a twentieth of a small endpoint. */
WITH sizes AS (
  SELECT endpoint_url, COUNT(*) AS total FROM matches WHERE layer <> 'edge' GROUP BY ALL
),
named_events AS (
  SELECT
    endpoint_url, layer, event_uuid, MIN(arrived_at) AS arrived_at,
    BOOL_OR(processed IS NOT NULL OR (event_uuid, layer) IN (
      SELECT (event_uuid, layer) FROM matches WHERE endpoint_url = '' AND processed
    )) AS told
  FROM matches JOIN sizes USING (endpoint_url)
  WHERE sampled_at(event_uuid, total, (SELECT COUNT(*) FROM matches))
    AND layer <> 'edge' AND accepted AND COALESCE(processed, TRUE) AND NOT known_before
    AND match_rule <> 'time' AND endpoint_url <> ''
  GROUP BY ALL
)
FROM usually_tell('named_events')
