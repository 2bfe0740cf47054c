/* component_requests: the requests of a component, the event's own first, then the nearest.
   grain:  one request
   inputs: requests, matches, attempts; $layer, $component, $uuid, $shown: how many */
WITH inner_lines AS (
  SELECT m.*, row_number() OVER (
    PARTITION BY m.event_uuid, m.endpoint_url, m.attempt_key, m.layer, m.stream
    ORDER BY m.arrived_at, m.receipt_id
  ) AS nth
  FROM matches AS m
  WHERE list_position(['table', 'queue', 'app', 'edge'], m.layer)
      < list_position(['table', 'queue', 'app', 'edge'], $layer)
    AND m.event_uuid IN (
      SELECT event_uuid FROM requests WHERE layer = $layer AND component = $component
    )
)
SELECT r.event_uuid, a.attempted_at, a.status, coalesce(CAST(a.http_status AS VARCHAR),
    a.error_kind) AS answer,
  (SELECT string_agg(concat_ws(' ', i.layer, strftime(i.arrived_at, '%H:%M:%S.%g'),
      i.http_status), ', ' ORDER BY i.arrived_at)
   FROM inner_lines AS i
   WHERE r.shown AND i.nth = r.nth AND i.event_uuid = r.event_uuid
     AND i.endpoint_url = r.endpoint_url
     AND i.attempt_key IS NOT DISTINCT FROM r.attempt_key) AS shown_by,
  r.starts_at, r.ends_at, r.state, r.covered
FROM requests AS r
LEFT JOIN attempts AS a
  ON a.event_uuid = r.event_uuid AND a.endpoint_url = r.endpoint_url
  AND a.attempt_key = r.attempt_key AND r.nth = 1
WHERE r.layer = $layer AND r.component = $component
ORDER BY r.event_uuid <> $uuid, abs(epoch_us(r.starts_at) - (
    SELECT min(epoch_us(o.starts_at)) FROM requests AS o
    WHERE o.layer = $layer AND o.component = $component AND o.event_uuid = $uuid
  )), r.event_uuid, r.endpoint_url, r.nth
LIMIT $shown
