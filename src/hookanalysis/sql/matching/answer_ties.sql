/* answer_ties: edge lines tied to attempts and receipts of the same answer by the order of time.
   grain:  one attempt or application's receipt in a group: a cluster's ends of one status
   inputs: time_clusters

   Of those that have lines of the group in their window, each in its turn takes the first that is
   still free. Only if all of them find one are they tied: then there are lines enough, though a
   name may be a neighbour's.
   lines_over: lines of the group that are left. score: one in so many lines of the group as fall
   into a window of that length. */
WITH numbered AS (
  SELECT
    path, cluster, http_status, is_line, kind, receipt_id, event_uuid, endpoint_url, attempt_key,
    starts_at, ends_at, order_at, moment, end_key,
    ROW_NUMBER() OVER (
      PARTITION BY path, cluster, http_status, is_line
      ORDER BY order_at NULLS LAST, moment NULLS LAST, receipt_id NULLS LAST,
        attempt_key NULLS LAST
    ) AS nth,
    SUM(CASE WHEN is_line THEN 1 ELSE 0 END) OVER in_group AS lines_so_far
  FROM time_clusters
  WHERE http_status IS NOT NULL
  WINDOW in_group AS (
    PARTITION BY path, cluster, http_status
    ORDER BY order_at NULLS LAST, is_line NULLS LAST, moment NULLS LAST, receipt_id NULLS LAST,
      attempt_key NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),
seekers AS (
  SELECT
    o.path, o.cluster, o.http_status, o.kind, o.event_uuid, o.endpoint_url, o.attempt_key,
    o.end_key, o.starts_at, o.ends_at, o.lines_so_far,
    ROW_NUMBER() OVER (
      PARTITION BY o.path, o.cluster, o.http_status
      ORDER BY o.nth NULLS LAST, o.attempt_key NULLS LAST
    ) AS nth
  FROM numbered AS o
  JOIN numbered AS l
    ON l.path = o.path AND l.cluster = o.cluster AND l.http_status = o.http_status AND l.is_line
    AND l.nth = o.lines_so_far + 1 AND l.starts_at <= o.ends_at
  WHERE NOT o.is_line
),
wishes AS (
  SELECT
    path, cluster, http_status, kind, event_uuid, endpoint_url, attempt_key, end_key, starts_at,
    ends_at,
    nth + MAX(lines_so_far + 1 - nth) OVER (
      PARTITION BY path, cluster, http_status
      ORDER BY nth NULLS LAST, attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS wanted_line
  FROM seekers
),
groups AS (
  SELECT
    path, cluster, http_status, COUNT(*) AS lines,
    DATE_DIFF('microsecond', MIN(starts_at), MAX(ends_at)) AS span
  FROM numbered
  WHERE is_line
  GROUP BY path, cluster, http_status
),
pairs AS (
  SELECT
    w.path, w.cluster, w.http_status, w.kind, w.event_uuid, w.endpoint_url, w.attempt_key,
    w.end_key, l.receipt_id AS line_id, g.lines, g.span,
    DATE_DIFF('microsecond', w.starts_at, w.ends_at) AS reach,
    COUNT(*) OVER (PARTITION BY w.path, w.cluster, w.http_status) AS seekers,
    COUNT(l.receipt_id) OVER (PARTITION BY w.path, w.cluster, w.http_status) AS finders
  FROM wishes AS w
  JOIN groups AS g
    ON g.path = w.path AND g.cluster = w.cluster AND g.http_status = w.http_status
  LEFT JOIN numbered AS l
    ON l.path = w.path AND l.cluster = w.cluster AND l.http_status = w.http_status AND l.is_line
    AND l.nth = w.wanted_line AND l.starts_at <= w.ends_at
)
SELECT
  path, cluster, http_status, kind, event_uuid, endpoint_url, attempt_key, end_key, line_id,
  lines - seekers AS lines_over,
  1.0 / (1 + (lines - 1) * CASE WHEN reach >= span THEN 1.0 ELSE reach * 1.0 / span END) AS score
FROM pairs
WHERE finders = seekers
