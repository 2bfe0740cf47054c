/* run_failures: the failed tries that belong to a run.
   grain:  one failed try in one series
   inputs: failures, failure_runs */
WITH marked AS (
  SELECT
    f.scope, f.series, f.nth, f.moment, f.event_uuid, f.endpoint_url, f.kind,
    MAX(r.first_nth) OVER so_far AS first_nth,
    MAX(r.last_nth) OVER so_far AS last_nth
  FROM failures AS f
  LEFT JOIN failure_runs AS r
    ON r.scope = f.scope AND r.series = f.series AND r.first_nth = f.nth
  WINDOW so_far AS (
    PARTITION BY f.scope, f.series ORDER BY f.nth NULLS LAST, f.event_uuid NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT scope, series, first_nth, last_nth, moment, event_uuid, endpoint_url, kind
FROM marked
WHERE nth <= last_nth
