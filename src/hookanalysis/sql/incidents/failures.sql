/* failures: the failed first tries, numbered among all tries: where they stand close, it is a run.
   grain:  one failed try in the series of its endpoint, and again in that of its host, where the
           host has several endpoints (series: the endpoint's URL, or the host)
   inputs: first_tries

   nth: its place in the series, which has `tries` in all; of one moment, what succeeded comes first.
   kind: how it failed: by an error of the server (5xx), without an answer, or as its status says. */
WITH series AS NOT MATERIALIZED (
  SELECT *, 'endpoint' AS scope, endpoint_url AS series FROM first_tries WHERE moment IS NOT NULL
  UNION ALL
  SELECT *, 'server' AS scope, host AS series
  FROM first_tries
  WHERE moment IS NOT NULL AND on_host > 1
),
failures AS (
  SELECT *, DATE_TRUNC('minute', moment) AS minute, 1 AS tries FROM series WHERE failed
),
-- A minute without a failure counts as a whole, which spares sorting all that is well.
successes AS (
  SELECT scope, series, MAX(moment) AS moment, COUNT(*) AS tries
  FROM series
  WHERE NOT failed
  GROUP BY scope, series, CASE
    WHEN (scope, series, DATE_TRUNC('minute', moment))
      IN (SELECT DISTINCT (scope, series, minute) FROM failures) THEN moment
    ELSE DATE_TRUNC('minute', moment)
  END
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
