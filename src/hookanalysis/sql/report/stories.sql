/* events_named: ids of events that begin so.
   grain:  one event
   inputs: deliveries, attempt_records, receipt_records; $uuid */
SELECT DISTINCT event_uuid
FROM (
  SELECT event_uuid FROM deliveries UNION ALL SELECT event_uuid FROM attempt_records
  UNION ALL SELECT event_uuid FROM receipt_records
  UNION ALL SELECT unnest(candidate_uuids) FROM receipt_records
)
WHERE starts_with(event_uuid, $uuid)

/* event_deliveries: what became of an event at each endpoint, and how lines were tied to it.
   grain:  one delivery
   inputs: deliveries, matches, requests; $uuid

   edge_has_fewer: the edge, whose log is whole, has fewer lines than logs behind it show. */
WITH ties AS (
  SELECT endpoint_url, layer, stream, match_rule, COUNT(*) AS lines, MIN(score) AS score
  FROM matches WHERE event_uuid = $uuid GROUP BY ALL
),
tied AS (
  SELECT endpoint_url, layer, match_rule, SUM(lines)::BIGINT AS lines, MIN(score) AS score
  FROM ties GROUP BY ALL
),
fewer AS (
  SELECT endpoint_url
  FROM (SELECT endpoint_url, layer, stream, SUM(lines) AS lines FROM ties GROUP BY ALL)
  GROUP BY endpoint_url
  HAVING MAX(lines) FILTER (layer <> 'edge') > SUM(lines) FILTER (layer = 'edge')
  UNION
  SELECT endpoint_url FROM requests WHERE layer = 'edge' AND event_uuid = $uuid AND covered
  GROUP BY endpoint_url, component
  HAVING COUNT(*) = MAX(crowd) AND MAX(lines) BETWEEN 1 AND COUNT(*) - 1
)
SELECT
  d.*,
  (SELECT LIST(t ORDER BY t) FROM tied AS t WHERE t.endpoint_url = d.endpoint_url) AS tied,
  d.endpoint_url IN (SELECT endpoint_url FROM fewer) AS edge_has_fewer
FROM deliveries AS d
WHERE d.event_uuid = $uuid
ORDER BY d.endpoint_url

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
  FROM windows AS w JOIN generations AS g ON g.stream = w.stream
  JOIN activity AS c ON c.generation_id = g.generation_id
  JOIN files AS f ON f.file_id = c.file_id
)
SELECT w.*,
  (SELECT arg_max(path || ':' || last_line, (last_at, path, last_line)) FROM lines AS l
   WHERE l.stream = w.stream AND l.last_at <= w.starts_at) AS line_before,
  (SELECT arg_min(path || ':' || first_line, (first_at, path, first_line)) FROM lines AS l
   WHERE l.stream = w.stream AND l.first_at >= w.ends_at) AS line_after
FROM windows AS w WHERE EXISTS (
  SELECT 1 FROM coverage AS c
  WHERE c.stream = w.stream AND c.side = 'receiver' AND c.covered
    AND c.starts_at <= w.starts_at AND c.ends_at >= w.ends_at
)
ORDER BY w.stream

/* components: the groups of requests and lines that an event is in, layer by layer.
   grain:  one component
   inputs: requests; $uuid */
SELECT layer, component, max(crowd) AS crowd, max(lines) AS lines,
  count(*) FILTER (state = 'open' AND event_uuid = $uuid) AS left_open,
  count(*) FILTER (left_out AND covered) AS left_out
FROM requests WHERE (layer, component) IN (
  SELECT DISTINCT (layer, component) FROM requests WHERE event_uuid = $uuid
)
GROUP BY ALL ORDER BY ALL

/* component_requests: the requests of a component, the event's own first, then the nearest.
   grain:  one request
   inputs: requests, matches, attempts; $layer, $component, $uuid, $shown: how many */
WITH inner_lines AS (
  SELECT m.*, row_number() OVER (
    PARTITION BY m.event_uuid, m.endpoint_url, m.attempt_key, m.layer, m.stream
    ORDER BY m.arrived_at, m.receipt_id
  ) AS nth
  FROM matches AS m
  WHERE list_position(['table', 'queue', 'app', 'edge'], m.layer)
      < list_position(['table', 'queue', 'app', 'edge'], $layer)
    AND m.event_uuid IN (
      SELECT event_uuid FROM requests WHERE layer = $layer AND component = $component
    )
)
SELECT r.event_uuid, a.attempted_at, a.status, coalesce(CAST(a.http_status AS VARCHAR),
    a.error_kind) AS answer,
  (SELECT string_agg(concat_ws(' ', i.layer, strftime(i.arrived_at, '%H:%M:%S.%g'),
      i.http_status), ', ' ORDER BY i.arrived_at)
   FROM inner_lines AS i
   WHERE r.shown AND i.nth = r.nth AND i.event_uuid = r.event_uuid
     AND i.endpoint_url = r.endpoint_url
     AND i.attempt_key IS NOT DISTINCT FROM r.attempt_key) AS shown_by,
  r.starts_at, r.ends_at, r.state, r.covered
FROM requests AS r
LEFT JOIN attempts AS a
  ON a.event_uuid = r.event_uuid AND a.endpoint_url = r.endpoint_url
  AND a.attempt_key = r.attempt_key AND r.nth = 1
WHERE r.layer = $layer AND r.component = $component
ORDER BY r.event_uuid <> $uuid, abs(epoch_us(r.starts_at) - (
    SELECT min(epoch_us(o.starts_at)) FROM requests AS o
    WHERE o.layer = $layer AND o.component = $component AND o.event_uuid = $uuid
  )), r.event_uuid, r.endpoint_url, r.nth
LIMIT $shown

/* component_lines: the lines that the requests of a component may own, the event's own first.
   grain:  one line
   inputs: candidates, matches, requests, receipts, receipt_records, files, generations, clock_offsets;
           $layer, $component, $uuid, $shown: how many */
WITH own AS (
  SELECT receipt_id, event_uuid, FALSE AS certain FROM candidates
  WHERE layer = $layer AND component = $component
  UNION ALL
  SELECT m.receipt_id, m.event_uuid, m.score = 1 FROM matches AS m
  WHERE m.layer = $layer AND m.match_rule = 'time' AND m.event_uuid IN (
    SELECT event_uuid FROM requests WHERE layer = $layer AND component = $component
  )
  UNION ALL
  SELECT stranger_id, event_uuid, FALSE FROM requests
  WHERE layer = $layer AND component = $component AND stranger_id IS NOT NULL
),
grouped AS (
  SELECT receipt_id,
    list(DISTINCT left(event_uuid, 8) ORDER BY left(event_uuid, 8)) AS owners,
    min(CASE WHEN certain THEN left(event_uuid, 8) END) AS owner,
    bool_or(event_uuid = $uuid) AS concerns
  FROM own GROUP BY receipt_id
)
SELECT f.path || ':' || r.line AS place, r.logged_at,
  r.logged_at - coalesce(o.offset_ms, 0) * INTERVAL '1 millisecond' AS sent_at,
  r.http_status,
  CASE WHEN g.owner IS NULL THEN g.owners ELSE [g.owner] END AS owners
FROM grouped AS g JOIN receipts AS q ON q.receipt_id = g.receipt_id
JOIN receipt_records AS r ON r.file_id = q.file_id AND r.byte_offset = g.receipt_id % 10000000000000
JOIN files AS f ON f.file_id = r.file_id
JOIN generations AS e ON e.generation_id = r.generation_id
LEFT JOIN clock_offsets AS o ON o.stream = e.stream AND o.day IS NULL
ORDER BY NOT g.concerns, r.logged_at, g.receipt_id LIMIT $shown

/* evidence_lines: the rows of both sides' logs that tell of some events, each by its own clock.
   grain:  one row of a log and event
   inputs: attempt_records, receipt_records, receipts, matches, generations, files;
           $uuids: the events

   A line tells of an event that it names, or as part of a request that was matched to it. */
WITH linked AS (
  SELECT
    m.event_uuid, receipt_id, file_id, receipt_id % 10000000000000 AS byte_offset,
    ANY_VALUE(match_rule) AS match_rule, MAX(score) AS score
  FROM matches AS m JOIN receipts USING (receipt_id)
  WHERE m.event_uuid IN (SELECT UNNEST($uuids)) GROUP BY ALL
),
named AS (
  SELECT UNNEST(LIST_PREPEND(event_uuid, candidate_uuids)) AS event_uuid, file_id, byte_offset
  FROM receipt_records
  WHERE event_uuid IN (SELECT UNNEST($uuids)) OR LIST_HAS_ANY(candidate_uuids, $uuids)
),
told AS (
  SELECT event_uuid, file_id, byte_offset
  FROM named WHERE event_uuid IN (SELECT UNNEST($uuids))
  UNION
  SELECT event_uuid, file_id, byte_offset FROM linked
  UNION
  SELECT k.event_uuid, r.file_id, r.byte_offset
  FROM linked AS k JOIN receipts AS q ON q.receipt_id = k.receipt_id AND q.lines > 1
  JOIN receipt_records AS r
    ON r.request_id = q.request_id AND r.logged_at BETWEEN q.received_at AND q.ended_at
  JOIN generations AS g ON g.generation_id = r.generation_id AND g.stream = q.stream
)
SELECT
  t.event_uuid, g.layer AS side, r.logged_at, r.step AS status, r.http_status, r.method, r.path,
  r.message, r.exception, k.match_rule, k.score, f.path AS file, r.line, r.byte_offset
FROM told AS t JOIN receipt_records AS r ON r.file_id = t.file_id AND r.byte_offset = t.byte_offset
JOIN files AS f ON f.file_id = r.file_id
JOIN generations AS g ON g.generation_id = r.generation_id
LEFT JOIN linked AS k
  ON k.event_uuid = t.event_uuid AND k.file_id = t.file_id AND k.byte_offset = t.byte_offset
UNION ALL BY NAME
SELECT
  a.event_uuid, 'sender' AS side, a.attempted_at AS logged_at, a.status, a.http_status,
  a.error_kind, a.endpoint_url, f.path AS file, a.line, a.byte_offset
FROM attempt_records AS a JOIN files AS f ON f.file_id = a.file_id
WHERE a.event_uuid IN (SELECT UNNEST($uuids))
ORDER BY event_uuid, logged_at NULLS LAST, side, file, line
