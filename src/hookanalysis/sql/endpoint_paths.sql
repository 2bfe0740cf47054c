/* endpoint_paths: every endpoint that the sender's exports or the settings name, in its parts.
   grain:  one endpoint
   inputs: attempts, endpoints

   path: with the hashes of its query, if it has one (bare_path: without); a receipt has the path of
   the endpoint whose query it shows. path_no numbers the paths, host_no the hosts, endpoint_no the
   endpoints, all from 1. sharing: how many endpoints have this path; on_host: how many are on this
   host. */
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
    ) AS bare_path,
    STRING_SPLIT(NULLIF(REGEXP_EXTRACT(endpoint_url, '\?(.*)$', 1), ''), '.') AS query_hashes,
    LOWER(REGEXP_EXTRACT(endpoint_url, '^[A-Za-z]+://([^/?#]*)', 1)) AS host
  FROM names
)
SELECT
  endpoint_url, ROW_NUMBER() OVER (ORDER BY endpoint_url) AS endpoint_no,
  bare_path || COALESCE('?' || ARRAY_TO_STRING(query_hashes, '.'), '') AS path,
  bare_path, query_hashes, DENSE_RANK() OVER (ORDER BY path) AS path_no,
  COUNT(*) OVER (PARTITION BY path) AS sharing, host,
  DENSE_RANK() OVER (ORDER BY host) AS host_no, COUNT(*) OVER (PARTITION BY host) AS on_host
FROM parts
