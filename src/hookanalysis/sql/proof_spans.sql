/* proof_spans: when a layer would have shown every request to an endpoint; sender's clock.
   grain:  one interval of one endpoint and layer
   inputs: serving_streams, stream_spans

   All logs that serve the endpoint must testify at once. */
WITH turning_points AS (
  SELECT v.endpoint_url, v.layer, UNNEST([s.starts_at, s.ends_at]) AS moment, UNNEST([1, -1]) AS change
  FROM serving_streams AS v JOIN stream_spans AS s ON s.stream = v.stream
  WHERE s.covered
),
levels AS (
  SELECT
    endpoint_url, layer, moment AS starts_at,
    SUM(change) OVER (
      PARTITION BY endpoint_url, layer ORDER BY moment, change
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS testifying,
    LEAD(moment) OVER (PARTITION BY endpoint_url, layer ORDER BY moment, change) AS ends_at
  FROM turning_points
)
SELECT endpoint_url, layer, starts_at, ends_at
FROM levels
JOIN (
  SELECT endpoint_url, layer, COUNT(*) AS streams FROM serving_streams GROUP BY ALL
) USING (endpoint_url, layer)
WHERE testifying = streams AND ends_at > starts_at
