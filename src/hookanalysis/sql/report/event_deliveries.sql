/* event_deliveries: what became of an event at each endpoint, and how lines were tied to it.
   grain:  one delivery
   inputs: deliveries, matches, requests; $uuid

   edge_has_fewer: the edge, whose log is whole, has fewer lines than logs behind it show. */
WITH ties AS (
  SELECT endpoint_url, layer, stream, match_rule, COUNT(*) AS lines, MIN(score) AS score
  FROM matches WHERE event_uuid = $uuid GROUP BY ALL
),
tied AS (
  SELECT endpoint_url, layer, match_rule, SUM(lines)::BIGINT AS lines, MIN(score) AS score
  FROM ties GROUP BY ALL
),
fewer AS (
  SELECT endpoint_url
  FROM (SELECT endpoint_url, layer, stream, SUM(lines) AS lines FROM ties GROUP BY ALL)
  GROUP BY endpoint_url
  HAVING MAX(lines) FILTER (layer <> 'edge') > SUM(lines) FILTER (layer = 'edge')
  UNION
  SELECT endpoint_url FROM requests WHERE layer = 'edge' AND event_uuid = $uuid AND covered
  GROUP BY endpoint_url, component
  HAVING COUNT(*) = MAX(crowd) AND MAX(lines) BETWEEN 1 AND COUNT(*) - 1
)
SELECT
  d.*,
  (SELECT LIST(t ORDER BY t) FROM tied AS t WHERE t.endpoint_url = d.endpoint_url) AS tied,
  d.endpoint_url IN (SELECT endpoint_url FROM fewer) AS edge_has_fewer
FROM deliveries AS d
WHERE d.event_uuid = $uuid
ORDER BY d.endpoint_url
