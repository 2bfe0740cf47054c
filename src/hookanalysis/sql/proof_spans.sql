/* proof_spans: when a layer would have shown every request to an endpoint; sender's clock.
   grain:  one interval of one endpoint and layer
   inputs: serving_streams, stream_spans

   All logs that serve the endpoint must testify at once. */
WITH needs AS (
  SELECT endpoint_url, layer, COUNT(*) AS streams
  FROM serving_streams
  GROUP BY endpoint_url, layer
),
turning_points AS (
  SELECT v.endpoint_url, v.layer, s.starts_at AS moment, 1 AS change
  FROM serving_streams AS v
  JOIN stream_spans AS s ON s.stream = v.stream
  WHERE s.covered
  UNION ALL
  SELECT v.endpoint_url, v.layer, s.ends_at AS moment, -1 AS change
  FROM serving_streams AS v
  JOIN stream_spans AS s ON s.stream = v.stream
  WHERE s.covered
),
levels AS (
  SELECT
    endpoint_url, layer, moment AS starts_at,
    SUM(change) OVER (
      PARTITION BY endpoint_url, layer ORDER BY moment NULLS LAST, change NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS testifying,
    LEAD(moment) OVER (
      PARTITION BY endpoint_url, layer ORDER BY moment NULLS LAST, change NULLS LAST
    ) AS ends_at
  FROM turning_points
)
SELECT
  l.endpoint_url,
  l.layer,
  l.starts_at,
  l.ends_at
FROM levels AS l
JOIN needs AS n ON n.endpoint_url = l.endpoint_url AND n.layer = l.layer
WHERE l.testifying = n.streams AND l.ends_at > l.starts_at
