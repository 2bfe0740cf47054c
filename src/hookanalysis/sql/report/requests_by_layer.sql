/* requests_by_layer: a row where layers behind the edge show more requests of a delivery.
   grain:  one row, or none
   inputs: matches; ?: event, endpoint */
SELECT 1 FROM (
  SELECT layer, stream, count(*) AS requests FROM matches
  WHERE event_uuid = ? AND endpoint_url = ? GROUP BY layer, stream
)
HAVING max(requests) FILTER (WHERE layer <> 'edge')
  > sum(requests) FILTER (WHERE layer = 'edge')
