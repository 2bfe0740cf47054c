/* serving_streams: the logs that must be whole before the absence of a line can say anything.
   grain:  one endpoint, layer and stream
   inputs: matches_by_uuid, placed_receipts, endpoint_paths, receiver_logs

   A layer knows an endpoint if its logs show requests to it: receipts that name its events, or at
   least half as many with its path as the logs behind it have requests. Then all logs of the layer
   count, for any host may have got the next request; but a log with 20 receipts or more and none
   of this endpoint serves others. A log whose file was refused counts as well, in all layers where
   its own is not known. depth: 1 is the outermost layer that knows the endpoint. */
WITH tied AS (
  SELECT endpoint_url, layer, stream, COUNT(*) AS receipts
  FROM matches_by_uuid
  WHERE endpoint_url <> ''
  GROUP BY endpoint_url, layer, stream
),
addressed AS (
  SELECT e.endpoint_url, r.layer, r.stream, COUNT(*) AS lines
  FROM placed_receipts AS r
  JOIN endpoint_paths AS e ON e.path = r.known_path
  WHERE r.event_uuid IS NULL AND NOT r.stranger
  GROUP BY e.endpoint_url, r.layer, r.stream
),
seen AS (
  SELECT
    COALESCE(t.endpoint_url, a.endpoint_url) AS endpoint_url,
    COALESCE(t.layer, a.layer) AS layer,
    COALESCE(t.stream, a.stream) AS stream,
    COALESCE(t.receipts, 0) AS receipts,
    GREATEST(COALESCE(t.receipts, 0), COALESCE(a.lines, 0)) AS lines
  FROM tied AS t
  FULL OUTER JOIN addressed AS a
    ON a.endpoint_url = t.endpoint_url AND a.layer = t.layer AND a.stream = t.stream
),
stream_totals AS (
  SELECT stream, SUM(lines) AS lines FROM seen GROUP BY stream
),
inner_totals AS (
  SELECT endpoint_url, COUNT(DISTINCT COALESCE(attempt_key, event_uuid)) AS receipts
  FROM matches_by_uuid
  WHERE layer <> 'edge' AND NOT stranger
  GROUP BY endpoint_url
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
FROM layers AS l
JOIN receiver_logs AS s ON s.layer = l.layer OR s.layer IS NULL
LEFT JOIN stream_totals AS t ON t.stream = s.stream
LEFT JOIN seen AS n ON n.endpoint_url = l.endpoint_url AND n.stream = s.stream
WHERE n.lines > 0 OR COALESCE(t.lines, 0) < 20
