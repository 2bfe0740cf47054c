/* files: what became of each path that was offered to `load`.
   grain:  one path: its latest status, and sums over all its offers
   inputs: files, generations

   unsound: some of it could not be read, and no good file of its stream, or of its path, was loaded
   since. */
WITH offers AS (
  SELECT
    *,
    COALESCE(stream, lacking_stream, path) AS place,
    status = 'refused' OR rejected > 0 OR integrity = 'truncated' AS bad,
    CASE
      WHEN status IN ('loaded', 'grown') AND NOT bad
        -- A path that holds a copy by now of what is loaded, and sound.
        OR status = 'unchanged' AND NOT BOOL_OR(bad) OVER (PARTITION BY generation_id) THEN file_id
    END AS good_id
  FROM files
  LEFT JOIN (SELECT generation_id, side, layer, stream, format, timezone FROM generations)
    USING (generation_id)
),
weighed AS (
  SELECT
    *,
    bad AND file_id > COALESCE(
      GREATEST(MAX(good_id) OVER (PARTITION BY place), MAX(good_id) OVER (PARTITION BY path)), 0
    ) AS is_open
  FROM offers
)
SELECT
  path, status, COALESCE(reason, '') AS reason, COALESCE(side, '') AS side,
  COALESCE(layer, '') AS layer, COALESCE(stream, '') AS stream, COALESCE(format, '') AS format,
  COALESCE(timezone, '') AS timezone, COALESCE(tail_bytes, 0) AS tail_bytes,
  COALESCE(integrity, '') AS integrity, file_id, lacking_stream,
  CAST(COALESCE(SUM(COLUMNS(['records', 'kept', 'rejected', 'ignored'])) OVER (PARTITION BY path), 0)
    AS BIGINT),
  COALESCE(BOOL_OR(is_open) OVER (PARTITION BY path), FALSE) AS unsound
FROM weighed
QUALIFY ROW_NUMBER() OVER (PARTITION BY path ORDER BY file_id DESC NULLS LAST) = 1
ORDER BY path

/* sources: each log and each kind of export: what it is, and from when to when it was written.
   grain:  one stream of one side
   inputs: generations, activity, files */
WITH logs AS (
  SELECT
    side, COALESCE(layer, '') AS layer, stream, format, COALESCE(timezone, '') AS zone,
    MIN(first_at) AS starts_at, MAX(last_at) AS ends_at
  FROM generations
  LEFT JOIN activity USING (generation_id)
  GROUP BY generation_id, side, 2, stream, format, 5
),
offers AS (
  SELECT side, stream, COUNT(DISTINCT path) AS files, MAX(file_id) AS last_file
  FROM generations JOIN files USING (generation_id)
  GROUP BY side, stream
)
SELECT
  side, MAX(layer) AS layer, stream, LIST(DISTINCT COALESCE(format, '') ORDER BY COALESCE(format, '')) AS formats,
  COALESCE(LIST(DISTINCT zone ORDER BY zone) FILTER (zone <> ''), []) AS zones,
  MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
  COALESCE(MAX(files), 0) AS files, MAX(last_file) AS last_file
FROM logs
LEFT JOIN offers USING (side, stream)
GROUP BY side, stream
ORDER BY side DESC, 2, stream

/* coverage: for which part of the period each log or export can testify, and its holes.
   grain:  one stream
   inputs: coverage; $start and $end of the period; $most: holes to list of a log, the longest

   A hole is time that no interval covers, or that a broken one breaks. It has the reason of the
   broken interval that has most of it; without one, of where it lies. */
WITH spans AS (
  SELECT
    {'side': side, 'layer': COALESCE(layer, ''), 'stream': COALESCE(stream, '')} AS log,
    completeness, starts_at, ends_at, COALESCE(covered, FALSE) AS covered,
    COALESCE(reason, '') AS reason
  FROM coverage WHERE starts_at IS NOT NULL AND ends_at IS NOT NULL
),
logs AS (
  SELECT
    log,
    STRING_AGG(DISTINCT NULLIF(completeness, ''), '+' ORDER BY NULLIF(completeness, ''))
      FILTER (WHERE covered) AS completeness,
    MIN(starts_at) FILTER (WHERE covered) AS starts_at,
    MAX(ends_at) FILTER (WHERE covered) AS ends_at
  FROM spans GROUP BY log
),
-- How many intervals cover, and how many break, from each time on at which this changes.
edges AS (
  SELECT
    log,
    UNNEST([
      GREATEST(starts_at, CAST($start AS TIMESTAMP)), LEAST(ends_at, CAST($end AS TIMESTAMP))
    ]) AS at_,
    UNNEST([1, -1]) AS step,
    covered
  FROM spans
  WHERE starts_at < CAST($end AS TIMESTAMP) AND ends_at > CAST($start AS TIMESTAMP)
    AND starts_at < ends_at
  UNION ALL
  SELECT log, UNNEST([CAST($start AS TIMESTAMP), CAST($end AS TIMESTAMP)]), 0, TRUE
  FROM logs WHERE $start IS NOT NULL
),
pieces AS (
  SELECT
    log, at_, LEAD(at_) OVER times AS until_,
    SUM(SUM(step) FILTER (WHERE covered)) OVER times > 0
      AND COALESCE(SUM(SUM(step) FILTER (WHERE NOT covered)) OVER times, 0) = 0 AS is_whole
  FROM edges GROUP BY log, at_
  WINDOW times AS (PARTITION BY log ORDER BY at_)
),
numbered AS (
  SELECT *, COUNT(*) FILTER (WHERE is_whole) OVER (PARTITION BY log ORDER BY at_) AS number
  FROM pieces WHERE until_ IS NOT NULL
),
holes AS (
  SELECT log, MIN(at_) AS starts_at, MAX(until_) AS ends_at
  FROM numbered WHERE NOT is_whole
  GROUP BY log, number
),
named AS (
  SELECT
    h.log, h.starts_at, h.ends_at,
    ROW_NUMBER() OVER (PARTITION BY h.log ORDER BY h.ends_at - h.starts_at DESC, h.starts_at)
      AS place,
    MAX({
      'length': LEAST(s.ends_at, h.ends_at) - GREATEST(s.starts_at, h.starts_at),
      'reason': s.reason
    }) AS broken
  FROM holes AS h
  LEFT JOIN spans AS s
    ON s.log = h.log AND NOT s.covered AND s.starts_at < h.ends_at AND s.ends_at > h.starts_at
  GROUP BY h.log, h.starts_at, h.ends_at
)
SELECT
  l.log.side, l.log.layer, l.log.stream, COALESCE(l.completeness, '') AS completeness,
  l.starts_at, l.ends_at,
  EPOCH(CAST($end AS TIMESTAMP) - CAST($start AS TIMESTAMP)) AS whole,
  COALESCE(whole - SUM(EPOCH(n.ends_at - n.starts_at)), whole, 0) AS covered_seconds,
  covered_seconds / whole AS covered_share,
  COUNT(n.log) AS hole_count,
  COALESCE(LIST({
    'starts_at': n.starts_at,
    'ends_at': n.ends_at,
    'seconds': EPOCH(n.ends_at - n.starts_at),
    'reason': CASE
      WHEN n.broken.reason IS NOT NULL THEN n.broken.reason
      WHEN l.log.side = 'sender' THEN 'sender_window'
      WHEN COALESCE(n.ends_at <= l.starts_at, TRUE) THEN 'before_first_log'
      WHEN n.starts_at >= l.ends_at THEN 'after_last_log'
      ELSE 'no_liveness'
    END
  } ORDER BY n.starts_at) FILTER (n.place <= $most), []) AS holes
FROM logs AS l
LEFT JOIN named AS n ON n.log = l.log
GROUP BY ALL
ORDER BY l.log.side DESC, l.log.layer, l.log.stream
