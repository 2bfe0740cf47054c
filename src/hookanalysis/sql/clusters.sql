/* clusters: what time alone can say of attempts that stand too close to tell them apart.
   grain:  one cluster of attempts that may own an edge line
   inputs: open_ends, leftover_lines, absences

   No more of the attempts can have arrived than there are lines without an owner; where the logs
   are whole, the rest is missed, though nobody knows which. */
WITH members AS (
  SELECT
    o.path, o.cluster, o.endpoint_url, o.moment,
    COALESCE(a.outer_covered, FALSE) AS covered
  FROM open_ends AS o
  LEFT JOIN absences AS a ON a.event_uuid = o.event_uuid AND a.endpoint_url = o.endpoint_url
),
line_counts AS (
  SELECT path, cluster, COUNT(*) AS lines FROM leftover_lines WHERE free GROUP BY path, cluster
),
counts AS (
  SELECT
    path, cluster, MIN(endpoint_url) AS first_url, MAX(endpoint_url) AS last_url,
    MIN(moment) AS starts_at, MAX(moment) AS ends_at, COUNT(*) AS attempts,
    SUM(CASE WHEN covered THEN 1 ELSE 0 END) AS covered_attempts
  FROM members
  GROUP BY path, cluster
)
SELECT
  ROW_NUMBER() OVER (ORDER BY c.starts_at NULLS LAST, c.path NULLS LAST) AS cluster_id,
  CASE WHEN c.first_url = c.last_url THEN c.first_url ELSE '' END AS endpoint_url,
  c.starts_at,
  c.ends_at,
  c.attempts,
  COALESCE(l.lines, 0) AS receipts,
  CAST(GREATEST(c.covered_attempts - COALESCE(l.lines, 0), 0) AS BIGINT) AS at_least_missed
FROM counts AS c
LEFT JOIN line_counts AS l ON l.path = c.path AND l.cluster = c.cluster
