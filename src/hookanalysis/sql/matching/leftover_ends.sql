/* leftover_ends: attempts and receipts without a line of their answer, but with another in reach.
   grain:  one attempt or application's receipt
   inputs: time_clusters, answer_ties, leftover_lines */
WITH untied AS (
  SELECT
    c.path, c.cluster, c.kind, c.end_key, c.event_uuid, c.endpoint_url, c.attempt_key,
    c.http_status, c.moment, c.starts_at, c.ends_at
  FROM time_clusters AS c
  LEFT JOIN answer_ties AS t ON t.end_key = c.end_key
  WHERE NOT c.is_line AND t.end_key IS NULL
),
ends AS (
  SELECT
    path, cluster, end_key, starts_at AS order_at, ends_at,
    CAST(NULL AS TIMESTAMP) AS line_starts_at
  FROM untied
  UNION ALL
  SELECT path, cluster, NULL AS end_key, ends_at AS order_at, NULL AS ends_at, starts_at
  FROM leftover_lines
),
followed AS (
  SELECT
    end_key, ends_at,
    MIN(line_starts_at) OVER (
      PARTITION BY path, cluster
      ORDER BY order_at NULLS LAST, end_key NULLS LAST
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS line_starts_at
  FROM ends
)
SELECT
  u.path, u.cluster, u.kind, u.end_key, u.event_uuid, u.endpoint_url, u.attempt_key,
  u.http_status, u.moment, u.starts_at, u.ends_at
FROM untied AS u
JOIN followed AS f ON f.end_key = u.end_key AND f.line_starts_at <= f.ends_at
