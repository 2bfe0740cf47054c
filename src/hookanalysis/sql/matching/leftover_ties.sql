/* leftover_ties: edge lines tied to what found none of its own answer, or to one that has some.
   grain:  one pair of an edge line and an attempt or application's receipt
   inputs: leftover_ends, leftover_lines, time_clusters, answer_ties

   In a cluster with as many free lines as untied ends they are tied in their order, unless an
   attempt is among them that the sender says was answered otherwise. And where one attempt is
   alone in its cluster, further lines from the sender with its answer can only be its own. */
WITH seekers AS (
  SELECT
    path, cluster, kind, event_uuid, endpoint_url, attempt_key, end_key, starts_at, ends_at,
    ROW_NUMBER() OVER (
      PARTITION BY path, cluster ORDER BY moment NULLS LAST, end_key NULLS LAST
    ) AS nth,
    COUNT(*) OVER in_cluster AS seekers,
    BOOL_OR(kind = 'attempt' AND http_status IS NOT NULL) OVER in_cluster AS contradicted
  FROM leftover_ends
  WINDOW in_cluster AS (PARTITION BY path, cluster)
),
free_lines AS (
  SELECT
    path, cluster, receipt_id, http_status, starts_at, ends_at, by_sender,
    ROW_NUMBER() OVER (
      PARTITION BY path, cluster ORDER BY ends_at NULLS LAST, receipt_id NULLS LAST
    ) AS nth,
    COUNT(*) OVER (PARTITION BY path, cluster) AS lines
  FROM leftover_lines
  WHERE free
),
pairs AS (
  SELECT
    s.path, s.cluster, s.kind, s.end_key, s.event_uuid, s.endpoint_url, s.attempt_key,
    l.receipt_id AS line_id, 1.0 / l.lines AS score,
    BOOL_AND(l.starts_at <= s.ends_at AND l.ends_at >= s.starts_at)
      OVER (PARTITION BY s.path, s.cluster) AS all_fit
  FROM seekers AS s
  JOIN free_lines AS l
    ON l.path = s.path AND l.cluster = s.cluster AND l.nth = s.nth AND l.lines = s.seekers
  WHERE NOT s.contradicted
),
lone_attempts AS (
  SELECT path, cluster
  FROM time_clusters
  WHERE NOT is_line
  GROUP BY path, cluster
  HAVING COUNT(*) = 1 AND MIN(kind) = 'attempt'
)
SELECT kind, end_key, event_uuid, endpoint_url, attempt_key, line_id, score
FROM pairs
WHERE all_fit
UNION ALL
SELECT
  t.kind, t.end_key, t.event_uuid, t.endpoint_url, t.attempt_key, l.receipt_id AS line_id, t.score
FROM free_lines AS l
JOIN lone_attempts AS o ON o.path = l.path AND o.cluster = l.cluster
JOIN answer_ties AS t
  ON t.path = l.path AND t.cluster = l.cluster AND t.http_status = l.http_status
WHERE l.by_sender
