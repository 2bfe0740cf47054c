/* incidents: runs of failures in time, of one endpoint or of a whole server.
   grain:  one incident
   inputs: failure_runs, run_failures, server_runs, first_tries, endpoint_paths

   A run of one endpoint is no incident of its own where four in five of its failures belong to a
   server-wide one. still_open: hardly anything has succeeded since its last failure. */
WITH covered_runs AS (
  SELECT m.series, m.first_nth
  FROM run_failures AS m
  LEFT JOIN endpoint_paths AS p ON p.endpoint_url = m.series
  LEFT JOIN server_runs AS s
    ON s.series = p.host AND m.moment BETWEEN s.starts_at AND s.ends_at
  WHERE m.scope = 'endpoint'
  GROUP BY m.series, m.first_nth
  HAVING COUNT(s.series) >= 0.8 * COUNT(*)
),
told AS (
  SELECT
    m.scope, m.series, m.first_nth, m.moment, t.recovered, t.status,
    COALESCE(t.event_type, 'unknown') AS event_type
  FROM run_failures AS m
  JOIN first_tries AS t ON t.event_uuid = m.event_uuid AND t.endpoint_url = m.endpoint_url
  LEFT JOIN covered_runs AS c ON c.series = m.series AND c.first_nth = m.first_nth
  LEFT JOIN server_runs AS s ON s.series = m.series AND s.first_nth = m.first_nth
  WHERE (m.scope = 'endpoint' AND c.series IS NULL) OR (m.scope = 'server' AND s.series IS NOT NULL)
),
words AS (
  SELECT scope, series, first_nth, 'status' AS kind, status AS word, COUNT(*) AS failed
  FROM told
  GROUP BY scope, series, first_nth, status
  UNION ALL
  SELECT scope, series, first_nth, 'event type' AS kind, event_type AS word, COUNT(*) AS failed
  FROM told
  GROUP BY scope, series, first_nth, event_type
),
lists AS (
  SELECT
    scope, series, first_nth, kind,
    STRING_AGG(word, ', ' ORDER BY failed DESC NULLS LAST, word NULLS LAST) AS words
  FROM words
  GROUP BY scope, series, first_nth, kind
),
sums AS (
  SELECT
    scope, series, first_nth, MIN(moment) AS starts_at, MAX(moment) AS ends_at,
    COUNT(*) AS failed, SUM(CASE WHEN recovered THEN 1 ELSE 0 END) AS recovered
  FROM told
  GROUP BY scope, series, first_nth
)
SELECT
  ROW_NUMBER() OVER (
    ORDER BY s.starts_at NULLS LAST, s.scope NULLS LAST, s.series NULLS LAST
  ) AS incident_id,
  s.scope,
  CASE WHEN s.scope = 'endpoint' THEN s.series ELSE '' END AS endpoint_url,
  COALESCE(p.host, s.series) AS host,
  s.starts_at,
  s.ends_at,
  r.last_nth - r.first_nth + 1 AS deliveries,
  s.failed,
  CAST(s.recovered AS BIGINT) AS recovered,
  r.still_open,
  y.words AS event_types,
  u.words AS statuses
FROM sums AS s
JOIN failure_runs AS r ON r.scope = s.scope AND r.series = s.series AND r.first_nth = s.first_nth
JOIN lists AS y
  ON y.scope = s.scope AND y.series = s.series AND y.first_nth = s.first_nth
  AND y.kind = 'event type'
JOIN lists AS u
  ON u.scope = s.scope AND u.series = s.series AND u.first_nth = s.first_nth AND u.kind = 'status'
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = s.series AND s.scope = 'endpoint'
