/* incidents: runs of failures in time, of one endpoint or of a whole server.
   grain:  one incident
   inputs: run_failures, server_runs, endpoint_paths

   A run of one endpoint is no incident of its own where four in five of its failures belong to a
   server-wide one. still_open: hardly anything has succeeded since its last failure. */
WITH covered_runs AS (
  SELECT m.series, m.first_nth
  FROM run_failures AS m
  LEFT JOIN endpoint_paths AS p ON p.endpoint_url = m.series
  LEFT JOIN server_runs AS s
    ON s.series = p.host AND m.moment BETWEEN s.starts_at AND s.ends_at
  WHERE m.scope = 'endpoint'
  GROUP BY m.series, m.first_nth HAVING COUNT(s.series) >= 0.8 * COUNT(*)
),
told AS (
  FROM run_failures
  ANTI JOIN covered_runs USING (series, first_nth)
  WHERE scope = 'endpoint'
  UNION ALL
  FROM run_failures
  SEMI JOIN server_runs USING (series, first_nth)
  WHERE scope = 'server'
),
sums AS (
  SELECT
    scope, CASE WHEN scope = 'endpoint' THEN series ELSE '' END AS endpoint_url, series AS host,
    MIN(moment) AS starts_at, MAX(moment) AS ends_at, MAX(last_nth) - first_nth + 1 AS deliveries,
    COUNT(*) AS failed, COUNT(*) FILTER (recovered) AS recovered, BOOL_OR(still_open) AS still_open,
    frequent_first(HISTOGRAM(COALESCE(event_type, 'unknown'))) AS event_types,
    frequent_first(HISTOGRAM(status)) AS statuses
  FROM told GROUP BY scope, series, first_nth
)
SELECT
  ROW_NUMBER() OVER (ORDER BY s.starts_at, s.scope, s.host) AS incident_id,
  s.* REPLACE (COALESCE(p.host, s.host) AS host)
FROM sums AS s
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = s.endpoint_url
