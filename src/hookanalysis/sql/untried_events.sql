/* untried_events: events that went to other endpoints, though their type usually goes here too.
   grain:  one event and one endpoint that it was not sent to
   inputs: attempts, endpoint_paths

   Usually: at least half of the events of the type that went anywhere, and ten or more.
   went_to: where it went in this one's place: an endpoint with the same path on another host, or
   another path of the same host to which the type does not usually go; else empty. */
WITH shared_types AS (
  SELECT event_type
  FROM attempts WHERE status <> 'none' AND NOT is_test
  GROUP BY event_type HAVING MIN(endpoint_url) <> MAX(endpoint_url)
),
sent_events AS (
  SELECT a.event_type, a.event_uuid, a.endpoint_url, MIN(a.attempted_at) AS first_at
  FROM attempts AS a JOIN shared_types AS s ON s.event_type = a.event_type
  WHERE a.status <> 'none' AND NOT a.is_test
  GROUP BY a.event_type, a.event_uuid, a.endpoint_url
),
events AS (
  SELECT event_type, event_uuid, MIN(first_at) AS first_at
  FROM sent_events GROUP BY event_type, event_uuid
),
shares AS (
  SELECT
    s.event_type, s.endpoint_url, COUNT(*) AS sent, MAX(t.events) AS events,
    LOWER(regexp_extract(s.endpoint_url, '^[A-Za-z]+://([^/?#]+)', 1)) AS host
  FROM sent_events AS s
  JOIN (SELECT event_type, COUNT(*) AS events FROM events GROUP BY ALL) AS t USING (event_type)
  GROUP BY s.event_type, s.endpoint_url
),
strays AS (
  SELECT s.event_type, s.event_uuid, h.host, MAX(s.endpoint_url) AS endpoint_url
  FROM sent_events AS s
  JOIN shares AS h ON h.event_type = s.event_type AND h.endpoint_url = s.endpoint_url
  WHERE h.sent < 0.5 * h.events AND h.host <> '' GROUP BY s.event_type, s.event_uuid, h.host
),
twin_events AS (
  SELECT s.event_type, s.event_uuid, n.endpoint_url AS twin_url, MAX(s.endpoint_url) AS endpoint_url
  FROM sent_events AS s
  JOIN endpoint_paths AS p ON p.endpoint_url = s.endpoint_url AND p.sharing > 1
  JOIN endpoint_paths AS n ON n.path = p.path AND n.endpoint_url <> p.endpoint_url
  GROUP BY s.event_type, s.event_uuid, n.endpoint_url
)
SELECT
  u.endpoint_url, e.event_uuid, e.event_type, e.first_at,
  COALESCE(t.endpoint_url, y.endpoint_url, '') AS went_to
FROM shares AS u JOIN events AS e ON e.event_type = u.event_type
LEFT JOIN sent_events AS s
  ON s.event_type = e.event_type AND s.event_uuid = e.event_uuid
  AND s.endpoint_url = u.endpoint_url
LEFT JOIN twin_events AS t
  ON t.event_type = e.event_type AND t.event_uuid = e.event_uuid AND t.twin_url = u.endpoint_url
LEFT JOIN strays AS y
  ON y.event_type = e.event_type AND y.event_uuid = e.event_uuid AND y.host = u.host
WHERE s.event_uuid IS NULL AND u.sent >= GREATEST(10, 0.5 * u.events)
  AND u.sent < u.events
