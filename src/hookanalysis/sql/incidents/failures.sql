/* failures: the failed first tries, numbered among all tries: where they stand close, it is a run.
   grain:  one failed try in the series of its endpoint, and again in that of its host, where the
           host has several endpoints (series: the endpoint's URL, or the host)
   inputs: first_tries, good_tries, endpoint_paths

   nth: its place in the series, which has `tries` in all; of one moment, what succeeded comes first.
   kind: how it failed: by an error of the server (5xx), without an answer, or as its status says. */
WITH failures AS (
  SELECT *, CASE scope WHEN 'endpoint' THEN endpoint_url ELSE host END AS series, 1 AS tries
  FROM first_tries
  CROSS JOIN (VALUES ('endpoint'), ('server')) AS s (scope)
  WHERE failed AND moment IS NOT NULL AND (scope = 'endpoint' OR on_host > 1)
),
successes AS (
  SELECT
    CASE g.scope_no WHEN 0 THEN 'endpoint' ELSE 'server' END AS scope,
    COALESCE(CASE g.scope_no WHEN 0 THEN e.endpoint_url ELSE h.host END, '') AS series,
    g.last_at AS moment, g.tries
  FROM good_tries AS g
  LEFT JOIN endpoint_paths AS e ON e.endpoint_no = g.series_no
  LEFT JOIN (SELECT DISTINCT host_no, host FROM endpoint_paths) AS h ON h.host_no = g.series_no
),
places AS (
  SELECT *, SUM(tries) OVER so_far AS nth, SUM(tries) OVER (PARTITION BY scope, series) AS all_tries
  FROM (FROM failures UNION ALL BY NAME FROM successes)
  WINDOW so_far AS (
    PARTITION BY scope, series ORDER BY moment, COALESCE(failed, FALSE), event_uuid, endpoint_url
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT
  scope, series, CAST(nth AS BIGINT) AS nth, CAST(all_tries AS BIGINT) AS tries, moment, event_uuid,
  endpoint_url, event_type, recovered, status,
  CASE
    WHEN status BETWEEN '500' AND '599' THEN '5xx'
    WHEN status IN ('timeout', 'refused', 'other', 'no_answer') THEN 'no_answer'
    ELSE status
  END AS kind
FROM places
WHERE failed
