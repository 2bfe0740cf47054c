/* serving_streams: the logs that must be whole before the absence of a line can say anything.
   grain:  one endpoint, layer and stream
   inputs: matches, placed_receipts, endpoint_paths, open_ends, leftover_lines, receiver_logs,
           coverage

   A layer knows an endpoint if its logs show requests to it: receipts that were tied to it, or at
   least half as many with its path as the logs behind it have requests. Then all logs of the layer
   count, for any host may have got the next request; but a log with 20 receipts or more and none
   of this endpoint serves others. A log whose file was refused counts as well, in all layers where
   its own is not known. depth: 1 is the outermost layer that knows the endpoint.
   trusted: most lines of the edge could be tied to events (80 % of what the logs behind it received
   while the edge was logging, and half of its own); of other layers, that hardly any request to
   the endpoint lacks its uuid (1 in 20). A line that fits several events counts as tied. Otherwise
   a missing line means nothing. */
WITH tied AS (
  SELECT endpoint_url, layer, stream, COUNT(*) AS receipts
  FROM matches
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
crowded AS (
  SELECT e.endpoint_url, 'edge' AS layer, l.stream, COUNT(*) AS lines
  FROM leftover_lines AS l
  JOIN endpoint_paths AS e ON e.path = l.path
  WHERE l.free
    AND EXISTS (SELECT 1 FROM open_ends AS o WHERE o.path = l.path AND o.cluster = l.cluster)
  GROUP BY e.endpoint_url, l.stream
),
seen AS (
  SELECT
    COALESCE(t.endpoint_url, a.endpoint_url) AS endpoint_url,
    COALESCE(t.layer, a.layer) AS layer,
    COALESCE(t.stream, a.stream) AS stream,
    COALESCE(t.receipts, 0) + COALESCE(c.lines, 0) AS receipts,
    COALESCE(a.lines, 0) AS nameless,
    GREATEST(COALESCE(t.receipts, 0), COALESCE(a.lines, 0)) AS lines
  FROM tied AS t
  FULL OUTER JOIN addressed AS a
    ON a.endpoint_url = t.endpoint_url AND a.layer = t.layer AND a.stream = t.stream
  LEFT JOIN crowded AS c
    ON c.endpoint_url = a.endpoint_url AND c.layer = a.layer AND c.stream = a.stream
),
stream_totals AS (
  SELECT stream, SUM(lines) AS lines FROM seen GROUP BY stream
),
edge_hours AS (
  SELECT MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at FROM coverage WHERE layer = 'edge'
),
inner_totals AS (
  SELECT
    m.endpoint_url, COUNT(DISTINCT COALESCE(m.attempt_key, m.event_uuid)) AS receipts
  FROM matches AS m
  JOIN edge_hours AS h ON m.arrived_at BETWEEN h.starts_at AND h.ends_at
  WHERE m.layer <> 'edge' AND NOT m.stranger
  GROUP BY m.endpoint_url
),
layers AS (
  SELECT
    s.endpoint_url, s.layer,
    CASE
      WHEN s.layer <> 'edge' THEN SUM(s.nameless) <= 0.05 * SUM(s.receipts)
      ELSE SUM(s.receipts) >= 0.8 * COALESCE(MAX(a.receipts), 0)
        AND SUM(s.receipts) >= 0.5 * SUM(s.lines)
    END AS trusted,
    ROW_NUMBER() OVER (
      PARTITION BY s.endpoint_url
      ORDER BY CASE s.layer WHEN 'edge' THEN 1 WHEN 'app' THEN 2 WHEN 'queue' THEN 3 ELSE 4 END
        NULLS LAST, s.layer NULLS LAST
    ) AS depth
  FROM seen AS s
  LEFT JOIN inner_totals AS a ON a.endpoint_url = s.endpoint_url
  GROUP BY s.endpoint_url, s.layer
  HAVING SUM(s.receipts) > 0 OR SUM(s.lines) >= 0.5 * COALESCE(MAX(a.receipts), 0)
)
SELECT DISTINCT l.endpoint_url, l.layer, s.stream, l.depth, l.trusted
FROM layers AS l
JOIN receiver_logs AS s ON s.layer = l.layer OR s.layer IS NULL
LEFT JOIN stream_totals AS t ON t.stream = s.stream
LEFT JOIN seen AS n ON n.endpoint_url = l.endpoint_url AND n.stream = s.stream
WHERE n.lines > 0 OR COALESCE(t.lines, 0) < 20
