/* silent_windows: logs that would show a request, and the lines around the time in which they do not.
   grain:  one log that testifies for all of that time
   inputs: matches, attempts, requests, clock_offsets, settings, activity, generations, files,
           coverage; $uuid, $url, $missed: is it about the outermost layer, or those behind it? */
WITH serving AS (
  SELECT m.stream, m.layer
  FROM (SELECT DISTINCT stream, layer FROM matches WHERE endpoint_url = $url) AS m
  QUALIFY CASE
    WHEN $missed
      THEN rank() OVER (ORDER BY list_position(['edge', 'app', 'queue', 'table'], m.layer)) = 1
    ELSE m.layer <> 'edge'
  END
),
tried AS (
  SELECT min(coalesce(attempted_at, created_at)) AS first_at,
         max(coalesce(attempted_at, created_at)) AS last_at
  FROM attempts WHERE event_uuid = $uuid AND endpoint_url = $url
    AND coalesce(error_kind, '') NOT IN ('refused', 'dns', 'tls')
),
measured AS (
  SELECT layer, min(starts_at) AS starts_at, max(ends_at) AS ends_at,
         bool_and(state = 'none' AND covered) AS silent
  FROM requests WHERE event_uuid = $uuid AND endpoint_url = $url GROUP BY layer
),
windows AS (
  SELECT s.stream, o.offset_ms, o.low_ms, o.high_ms, o.tolerance_ms,
    coalesce(q.starts_at, t.first_at - o.tolerance_ms * INTERVAL '1 millisecond')
      + o.offset_ms * INTERVAL '1 millisecond' AS starts_at,
    coalesce(q.ends_at, t.last_at + o.tolerance_ms * INTERVAL '1 millisecond'
      + x.timeout_seconds * INTERVAL '1 second')
      + o.offset_ms * INTERVAL '1 millisecond' AS ends_at
  FROM serving AS s
  CROSS JOIN tried AS t
  CROSS JOIN settings AS x
  JOIN clock_offsets AS o ON o.stream = s.stream AND o.day IS NULL
  LEFT JOIN measured AS q ON q.layer = s.layer
  WHERE coalesce(q.silent, TRUE) AND NOT EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.event_uuid = $uuid AND m.endpoint_url = $url AND m.stream = s.stream
  )
),
lines AS (
  SELECT w.stream, c.first_at, c.last_at, f.path, c.first_line, c.last_line
  FROM windows AS w
  JOIN generations AS g ON g.stream = w.stream
  JOIN activity AS c ON c.generation_id = g.generation_id
  JOIN files AS f ON f.file_id = c.file_id
)
SELECT w.*,
  (SELECT arg_max(path || ':' || last_line, last_at) FROM lines AS l
   WHERE l.stream = w.stream AND l.last_at <= w.starts_at) AS line_before,
  (SELECT arg_min(path || ':' || first_line, first_at) FROM lines AS l
   WHERE l.stream = w.stream AND l.first_at >= w.ends_at) AS line_after
FROM windows AS w
WHERE EXISTS (
  SELECT 1 FROM coverage AS c
  WHERE c.stream = w.stream AND c.side = 'receiver' AND c.covered
    AND c.starts_at <= w.starts_at AND c.ends_at >= w.ends_at
)
ORDER BY w.stream
