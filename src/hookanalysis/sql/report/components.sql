/* components: the groups of requests and lines that an event is in, layer by layer.
   grain:  one component
   inputs: requests; $uuid */
SELECT layer, component, max(crowd) AS crowd, max(lines) AS lines,
  count(*) FILTER (state = 'open' AND event_uuid = $uuid) AS left_open,
  count(*) FILTER (left_out AND covered) AS left_out
FROM requests
WHERE (layer, component) IN (
  SELECT DISTINCT (layer, component) FROM requests WHERE event_uuid = $uuid
)
GROUP BY ALL ORDER BY ALL
