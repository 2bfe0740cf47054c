/* failures: the failed first tries, numbered among all tries: where they stand close, it is a run.
   grain:  one failed try in the series of its endpoint, and again in that of its host, where the
           host has several endpoints (series: the endpoint's URL, or the host)
   inputs: first_tries

   nth: its place in the series, which has `tries` in all. kind: how it failed: by an error of the
   server (5xx), without an answer, or as its status says. */
WITH places AS (
  SELECT
    'endpoint' AS scope, endpoint_url AS series, event_uuid, endpoint_url, moment, failed, status,
    ROW_NUMBER() OVER (
      PARTITION BY endpoint_url ORDER BY moment NULLS LAST, event_uuid NULLS LAST
    ) AS nth,
    COUNT(*) OVER (PARTITION BY endpoint_url) AS tries
  FROM first_tries
  WHERE moment IS NOT NULL
  UNION ALL
  SELECT
    'server' AS scope, host AS series, event_uuid, endpoint_url, moment, failed, status,
    ROW_NUMBER() OVER (
      PARTITION BY host
      ORDER BY moment NULLS LAST, event_uuid NULLS LAST, endpoint_url NULLS LAST
    ) AS nth,
    COUNT(*) OVER (PARTITION BY host) AS tries
  FROM first_tries
  WHERE moment IS NOT NULL AND on_host > 1
)
SELECT
  scope, series, nth, tries, moment, event_uuid, endpoint_url,
  CASE
    WHEN status BETWEEN '500' AND '599' THEN '5xx'
    WHEN status IN ('timeout', 'refused', 'other', 'no answer') THEN 'no answer'
    ELSE status
  END AS kind
FROM places
WHERE failed
