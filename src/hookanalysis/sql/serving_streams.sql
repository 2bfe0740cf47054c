/* serving_streams: the logs that must be whole before the absence of a line can say anything.
   grain:  one endpoint, layer and stream
   inputs: matches, generations, coverage

   A layer knows an endpoint if one of its logs shows a request to it. Then all its logs count, for
   any host may have got the next request; but a log with 20 receipts or more and none of this
   endpoint serves others. depth: 1 is the outermost layer that knows the endpoint.
   trusted: the edge shows at least 80 % of what the application received while it was written;
   otherwise its lines cannot be tied to events, and a missing line means nothing. */
WITH seen AS (
  SELECT endpoint_url, layer, stream, COUNT(*) AS receipts
  FROM matches
  WHERE endpoint_url <> ''
  GROUP BY endpoint_url, layer, stream
),
stream_totals AS (
  SELECT stream, SUM(receipts) AS receipts FROM seen GROUP BY stream
),
layer_totals AS (
  SELECT
    endpoint_url, layer, SUM(receipts) AS receipts,
    ROW_NUMBER() OVER (
      PARTITION BY endpoint_url
      ORDER BY CASE layer WHEN 'edge' THEN 1 WHEN 'app' THEN 2 WHEN 'queue' THEN 3 ELSE 4 END
        NULLS LAST, layer NULLS LAST
    ) AS depth
  FROM seen
  GROUP BY endpoint_url, layer
),
edge_hours AS (
  SELECT MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at FROM coverage WHERE layer = 'edge'
),
app_totals AS (
  SELECT m.endpoint_url, COUNT(*) AS receipts
  FROM matches AS m
  JOIN edge_hours AS h ON m.arrived_at BETWEEN h.starts_at AND h.ends_at
  WHERE m.layer = 'app' AND NOT m.stranger
  GROUP BY m.endpoint_url
),
streams AS (
  SELECT DISTINCT layer, stream FROM generations WHERE side = 'receiver'
)
SELECT
  l.endpoint_url,
  l.layer,
  s.stream,
  l.depth,
  l.layer <> 'edge' OR l.receipts >= 0.8 * COALESCE(a.receipts, 0) AS trusted
FROM layer_totals AS l
JOIN streams AS s ON s.layer = l.layer
LEFT JOIN stream_totals AS t ON t.stream = s.stream
LEFT JOIN seen AS n ON n.endpoint_url = l.endpoint_url AND n.stream = s.stream
LEFT JOIN app_totals AS a ON a.endpoint_url = l.endpoint_url
WHERE n.receipts > 0 OR COALESCE(t.receipts, 0) < 20
