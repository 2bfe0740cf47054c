/* serving_streams: the logs that must be whole before the absence of a line can say anything.
   grain:  one endpoint, layer and stream
   inputs: matches, nameless_receipts, endpoint_paths, receiver_logs

   A layer knows an endpoint if its logs show requests to it: receipts that name its events, or at
   least half as many with its path as the logs behind it have requests. Then all logs of the layer
   count, for any host may have got the next request; but a log with 20 receipts or more and none
   of this endpoint serves others. A log whose file was refused counts as well, in all layers where
   its own is not known. depth: 1 is the outermost layer that knows the endpoint. */
WITH seen AS (
  SELECT endpoint_url, layer, stream, SUM(named) AS receipts, GREATEST(SUM(named), SUM(lines)) AS lines
  FROM (
    SELECT endpoint_url, layer, stream, COUNT(*) AS named, 0 AS lines
    FROM matches WHERE endpoint_url <> ''
    GROUP BY ALL
    UNION ALL
    SELECT e.endpoint_url, r.layer, r.stream, 0, COUNT(*)
    FROM nameless_receipts AS r JOIN endpoint_paths AS e ON e.path = r.known_path
    WHERE NOT r.stranger GROUP BY ALL
  )
  GROUP BY ALL
),
-- Asked only where a layer names no event.
inner_totals AS (
  SELECT endpoint_url, COUNT(DISTINCT COALESCE(attempt_key, event_uuid)) AS receipts
  FROM matches
  WHERE layer <> 'edge' AND NOT stranger
    AND endpoint_url IN (SELECT endpoint_url FROM seen WHERE receipts = 0)
  GROUP BY ALL
),
layers AS (
  SELECT
    s.endpoint_url, s.layer,
    ROW_NUMBER() OVER (
      PARTITION BY s.endpoint_url
      ORDER BY list_position(['edge', 'app', 'queue', 'table'], s.layer)
    ) AS depth
  FROM seen AS s
  LEFT JOIN inner_totals AS a ON a.endpoint_url = s.endpoint_url
  GROUP BY s.endpoint_url, s.layer
  HAVING SUM(s.receipts) > 0 OR SUM(s.lines) >= 0.5 * COALESCE(MAX(a.receipts), 0)
)
SELECT DISTINCT l.endpoint_url, l.layer, s.stream, l.depth
FROM layers AS l JOIN receiver_logs AS s ON s.layer = l.layer OR s.layer IS NULL
LEFT JOIN (SELECT stream, SUM(lines) AS lines FROM seen GROUP BY stream) AS t
  ON t.stream = s.stream
LEFT JOIN seen AS n ON n.endpoint_url = l.endpoint_url AND n.stream = s.stream
WHERE n.lines > 0 OR COALESCE(t.lines, 0) < 20
