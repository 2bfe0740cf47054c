/* mixed_endpoints: events that were accepted, and those that were tried again after that.
   grain:  one row
   inputs: attempt_records; ?: the generation */
WITH events AS (
  SELECT min(attempted_at) FILTER (status = 'success') AS accepted_at,
         max(attempted_at) AS last_at, count(endpoint_url) AS named,
         count(DISTINCT coalesce(attempt_id, CAST(row_hash AS VARCHAR)))
           FILTER (status = 'success') AS successes
  FROM attempt_records WHERE generation_id = ? GROUP BY event_uuid
)
SELECT count(accepted_at), count(*) FILTER (successes > 1 OR last_at > accepted_at),
       sum(named)
FROM events
