/* endpoint_paths: every endpoint that the sender's exports or the settings name, with its path.
   grain:  one endpoint
   inputs: attempts, endpoints */
WITH names AS (
  SELECT endpoint_url FROM attempts WHERE endpoint_url <> ''
  UNION
  SELECT endpoint_url FROM endpoints
),
parts AS (
  SELECT
    endpoint_url,
    COALESCE(
      NULLIF(REGEXP_EXTRACT(endpoint_url, '^[A-Za-z]+://[^/?#]*([^?#]*)', 1), ''), '/'
    ) AS path
  FROM names
)
SELECT
  endpoint_url,
  path,
  COUNT(*) OVER (PARTITION BY path) AS sharing
FROM parts
