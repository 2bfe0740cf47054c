/* time_clusters: loose ends that lie so close together in time that one may be the other's.
   grain:  one loose end in a cluster that holds edge lines as well as what may be theirs
   inputs: loose_ends

   A cluster ends where no window reaches over. order_at: where the end stands in the order of its
   cluster: a line when its request had ended, all else at the start of its window. */
WITH reaching AS (
  SELECT
    kind, receipt_id, path, starts_at, ends_at, http_status, event_uuid, endpoint_url, attempt_key,
    moment, stream, by_sender, end_key,
    MAX(ends_at) OVER (
      PARTITION BY path
      ORDER BY starts_at NULLS LAST, ends_at NULLS LAST, kind NULLS LAST, receipt_id NULLS LAST,
        attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached_at
  FROM loose_ends
),
clustered AS (
  SELECT
    kind, receipt_id, path, starts_at, ends_at, http_status, event_uuid, endpoint_url, attempt_key,
    moment, stream, by_sender, end_key,
    SUM(CASE WHEN starts_at <= reached_at THEN 0 ELSE 1 END) OVER (
      PARTITION BY path
      ORDER BY starts_at NULLS LAST, ends_at NULLS LAST, kind NULLS LAST, receipt_id NULLS LAST,
        attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS cluster
  FROM reaching
),
mixed_clusters AS (
  SELECT path, cluster
  FROM clustered
  GROUP BY path, cluster
  HAVING BOOL_OR(kind = 'line') AND BOOL_OR(kind <> 'line')
)
SELECT
  c.path,
  CAST(c.cluster AS BIGINT) AS cluster,
  c.kind = 'line' AS is_line,
  c.kind,
  c.receipt_id,
  c.event_uuid,
  c.endpoint_url,
  c.attempt_key,
  c.http_status,
  c.starts_at,
  c.ends_at,
  c.moment,
  CASE WHEN c.kind = 'line' THEN c.ends_at ELSE c.starts_at END AS order_at,
  c.stream,
  c.by_sender,
  c.end_key
FROM clustered AS c
JOIN mixed_clusters AS m ON m.path = c.path AND m.cluster = c.cluster
