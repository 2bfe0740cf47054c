/* clock_doubts: when times are not known well enough to say that a request is absent.
   grain:  one stretch of one endpoint
   inputs: serving_streams, clock_offsets, activity, generations

   tz_suspect: on days when a log's clock is off by whole quarter-hours, one of the two zones was
   mistaken, and with it any time that the log covers. dst_ambiguous: an export's local times that
   the clock showed twice, both readings together. */
SELECT
  v.endpoint_url,
  COALESCE(
    CAST(o.day AS TIMESTAMP) - o.offset_ms * INTERVAL '1 millisecond' - INTERVAL '1 hour',
    TIMESTAMP '2000-01-01'
  ) AS starts_at,
  COALESCE(
    CAST(o.day AS TIMESTAMP) - o.offset_ms * INTERVAL '1 millisecond' + INTERVAL '25 hours',
    TIMESTAMP '2100-01-01'
  ) AS ends_at,
  'tz_suspect' AS reason,
  'stream ' || v.stream || ' runs ' || CAST(ABS(o.zone_error_minutes) AS VARCHAR) || ' minutes '
    || CASE WHEN o.zone_error_minutes > 0 THEN 'ahead of' ELSE 'behind' END AS about
FROM serving_streams AS v
JOIN clock_offsets AS o ON o.stream = v.stream
WHERE v.depth = 1 AND o.zone_error_minutes IS NOT NULL
UNION ALL
SELECT
  v.endpoint_url, MIN(a.first_at) AS starts_at, MAX(a.later_at) AS ends_at,
  'dst_ambiguous' AS reason, 'export ' || MIN(g.stream) AS about
FROM activity AS a
JOIN generations AS g ON g.generation_id = a.generation_id
CROSS JOIN (SELECT DISTINCT endpoint_url FROM serving_streams) AS v
WHERE g.side = 'sender' AND a.later_at IS NOT NULL
GROUP BY v.endpoint_url, CAST(a.minute_at AS DATE)
