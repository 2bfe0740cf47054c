/* time_clusters: loose ends that lie close together in time, and how far that decides between them.
   grain:  one loose end in a cluster that holds edge lines as well as what may be theirs
   inputs: loose_ends

   Within a cluster, lines and others of one status are tied by their order if there are as many of
   one as of the other; then so are the rest, whatever their status, unless an attempt is among
   them that the sender says was answered otherwise. tie: what both ends have in common.
   undecided: lines are left, but one cannot tell whose: nobody is named. */
WITH reaching AS (
  SELECT
    kind, receipt_id, path, starts_at, ends_at, http_status, event_uuid, endpoint_url, attempt_key,
    moment,
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
    kind, receipt_id, path, http_status, event_uuid, endpoint_url, attempt_key, moment,
    SUM(CASE WHEN starts_at <= reached_at THEN 0 ELSE 1 END) OVER (
      PARTITION BY path
      ORDER BY starts_at NULLS LAST, ends_at NULLS LAST, kind NULLS LAST, receipt_id NULLS LAST,
        attempt_key NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS cluster,
    kind = 'line' AS is_line
  FROM reaching
),
counted AS (
  SELECT
    kind, receipt_id, path, http_status, event_uuid, endpoint_url, attempt_key, moment, cluster,
    is_line,
    COALESCE(
      http_status IS NOT NULL
      AND SUM(CASE WHEN is_line THEN 1 ELSE -1 END)
        OVER (PARTITION BY path, cluster, http_status) = 0,
      FALSE
    ) AS even,
    ROW_NUMBER() OVER (
      PARTITION BY path, cluster, http_status, is_line
      ORDER BY moment NULLS LAST, receipt_id NULLS LAST, attempt_key NULLS LAST
    ) AS nth_of_status
  FROM clustered
),
rest AS (
  SELECT
    kind, receipt_id, path, http_status, event_uuid, endpoint_url, attempt_key, cluster, is_line,
    even, nth_of_status,
    SUM(CASE WHEN is_line AND NOT even THEN 1 ELSE 0 END) OVER in_cluster AS lines_left,
    SUM(CASE WHEN NOT is_line AND NOT even THEN 1 ELSE 0 END) OVER in_cluster AS others_left,
    SUM(CASE WHEN kind = 'attempt' AND NOT even AND http_status IS NOT NULL THEN 1 ELSE 0 END)
      OVER in_cluster AS contradictions,
    ROW_NUMBER() OVER (
      PARTITION BY path, cluster, is_line, even
      ORDER BY moment NULLS LAST, receipt_id NULLS LAST, attempt_key NULLS LAST
    ) AS nth_left
  FROM counted
  WINDOW in_cluster AS (PARTITION BY path, cluster)
)
SELECT
  path,
  CAST(cluster AS BIGINT) AS cluster,
  kind,
  receipt_id,
  event_uuid,
  endpoint_url,
  attempt_key,
  CASE
    WHEN even THEN CAST(http_status AS VARCHAR) || ' ' || CAST(nth_of_status AS VARCHAR)
    WHEN lines_left = others_left AND contradictions = 0 THEN 'left ' || CAST(nth_left AS VARCHAR)
  END AS tie,
  NOT even AND NOT is_line AND lines_left > 0
    AND NOT (lines_left = others_left AND contradictions = 0) AS undecided
FROM rest
