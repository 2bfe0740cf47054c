/* troubled_attempts: the attempts of each delivery that did not go well; tests left out.
   grain:  one attempt of a delivery that is not plainly delivered; a delivery without attempts has
           one row
   inputs: deliveries, attempts, serving_streams, generations, activity, clock_offsets

   The good attempt of a recovered delivery is left out. edge_alive, app_alive: a log of the layer
   that serves the endpoint was written within a minute of it, by whomever. */
WITH troubled AS (
  SELECT
    d.event_uuid, d.endpoint_url, d.event_type, d.outcome, d.detail, a.attempt_key,
    COALESCE(a.attempted_at, a.created_at, d.first_receipt_at) AS happened_at,
    a.status, a.http_status, a.error_kind
  FROM deliveries AS d
  LEFT JOIN attempts AS a ON a.delivery_no = d.delivery_no
  WHERE d.outcome NOT IN ('delivered', 'pending') AND NOT d.is_test
    AND (d.outcome <> 'recovered' OR a.status <> 'success')
),
-- Each minute speaks for those beside it, too.
lively_minutes AS (
  SELECT DISTINCT
    v.endpoint_url, v.layer,
    UNNEST(RANGE(-1, 2)) * INTERVAL '1 minute' + DATE_TRUNC(
      'minute', a.last_at - COALESCE(o.offset_ms, 0) * INTERVAL '1 millisecond'
    ) AS minute_at
  FROM serving_streams AS v
  JOIN generations AS g ON g.stream = v.stream
  JOIN activity AS a ON a.generation_id = g.generation_id
  LEFT JOIN clock_offsets AS o ON o.stream = v.stream AND o.day IS NULL
)
SELECT
  t.*,
  (t.endpoint_url, 'edge', DATE_TRUNC('minute', t.happened_at)) IN (FROM lively_minutes)
    AS edge_alive,
  (t.endpoint_url, 'app', DATE_TRUNC('minute', t.happened_at)) IN (FROM lively_minutes)
    AS app_alive
FROM troubled AS t
