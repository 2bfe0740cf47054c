/* lively_minutes: when a log that serves an endpoint was written at all, by whomever.
   grain:  one endpoint, layer and minute of the sender's clock
   inputs: serving_streams, generations, activity, clock_offsets */
SELECT DISTINCT
  v.endpoint_url,
  v.layer,
  DATE_TRUNC(
    'minute', a.last_at - COALESCE(o.offset_ms, 0) * INTERVAL '1 millisecond'
  ) AS minute_at
FROM serving_streams AS v
JOIN generations AS g ON g.stream = v.stream
JOIN activity AS a ON a.generation_id = g.generation_id
LEFT JOIN clock_offsets AS o ON o.stream = v.stream AND o.day IS NULL
