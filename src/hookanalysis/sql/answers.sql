/* answers: attempts that the sender saw answered, and what was accepted: do the logs show them?
   grain:  one attempt of a delivery that is not plain, or one request that was accepted
   inputs: hard_attempts, matches, undecided_deliveries, stream_spans, endpoint_paths,
           processing_logs, serving_streams, shared_lines

   kind_no: 1 is an event that the sender lists without attempts, of a type that arrives; 2 is a
   success, 3 to 5 the first digit of another answer; answers of one kind are logged alike. 0 is what
   the edge accepted, and the logs behind it show or lack; without an edge, what a
   server's access log shows, beside a log of its layer that names what it processes. 6 is what the
   logs behind the edge took in, and a worker's shows or lacks. silent: it is lacking.
   What no log covers is not here, nor is an attempt that may own a line: also a failed one without
   a line of its own, of an event that arrived at another try. */
WITH by_time AS (
  SELECT DISTINCT endpoint_url, layer
  FROM matches JOIN processing_logs USING (endpoint_url, layer)
  WHERE match_rule = 'time'
),
-- What is taken in by one log, and worked off by another, as a worker's, which shows no requests.
inner_events AS (
  SELECT
    endpoint_url, event_uuid, stream, MIN(arrived_at) AS arrived_at, BOOL_OR(accepted) AS accepted,
    COALESCE(BOOL_OR(processed), FALSE) AS processed
  FROM matches WHERE layer <> 'edge' AND match_rule <> 'time' AND listed
  GROUP BY ALL
),
workers AS (
  SELECT endpoint_url, stream
  FROM inner_events WHERE processed
  GROUP BY ALL
  HAVING COUNT(*) FILTER ((endpoint_url, event_uuid) IN (
    SELECT (endpoint_url, event_uuid) FROM inner_events GROUP BY ALL HAVING NOT BOOL_AND(processed)
  )) >= 0.9 * COUNT(*)
),
told AS (
  SELECT
    endpoint_url, attempt_key, attempted_at AS moment,
    CASE WHEN status = 'success' THEN 2 ELSE http_status // 100 END AS kind_no,
    NOT shown AND NOT told AS silent
  FROM hard_attempts
  ANTI JOIN undecided_deliveries USING (delivery_no)
  WHERE attempted_at IS NOT NULL AND attempted_until IS NULL
    AND (status = 'success' OR http_status IS NOT NULL)
    AND (status = 'success' OR shown OR NOT told OR lined)
  UNION ALL
  SELECT endpoint_url, event_uuid, created_at, 1, NOT told
  FROM hard_attempts
  ANTI JOIN undecided_deliveries USING (delivery_no)
  WHERE status = 'none' AND created_at IS NOT NULL
  QUALIFY BOOL_OR(told) OVER (PARTITION BY endpoint_url, event_type)
  UNION ALL
  SELECT
    endpoint_url, event_uuid, arrived_at, 0,
    delivery_no NOT IN (
      SELECT delivery_no
      FROM matches
      WHERE layer <> 'edge'
        AND (match_rule <> 'time'
          OR (endpoint_url, layer) NOT IN (SELECT (endpoint_url, layer) FROM by_time))
    ) AND event_uuid NOT IN (SELECT event_uuid FROM shared_lines)
  FROM matches
  ANTI JOIN (FROM undecided_deliveries WHERE behind_edge) USING (delivery_no)
  WHERE accepted AND arrived_at IS NOT NULL AND (
      layer = 'edge'
      OR (endpoint_url, layer) IN (
        SELECT (endpoint_url, layer)
        FROM serving_streams JOIN by_time USING (endpoint_url, layer)
        WHERE depth = 1
      )
    )
  UNION ALL
  SELECT
    endpoint_url, event_uuid, MIN(arrived_at), 6,
    NOT BOOL_OR((endpoint_url, stream) IN (SELECT (endpoint_url, stream) FROM workers))
  FROM inner_events WHERE endpoint_url IN (SELECT endpoint_url FROM workers)
  GROUP BY endpoint_url, event_uuid
)
SELECT COALESCE(p.endpoint_no, 0) AS endpoint_no, t.* EXCLUDE (endpoint_url)
FROM told AS t
LEFT JOIN endpoint_paths AS p ON p.endpoint_url = t.endpoint_url
WHERE NOT t.silent OR EXISTS (
  SELECT 1 FROM stream_spans AS c
  WHERE c.covered AND (c.layer <> 'edge' OR t.kind_no NOT IN (0, 6))
    AND t.moment BETWEEN c.starts_at AND c.ends_at
)
