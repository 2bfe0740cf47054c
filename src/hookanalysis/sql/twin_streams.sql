/* twin_streams: logs of one layer that tell of the same requests, such as an application server's
   and the application's own.
   grain:  one stream that has a twin
   inputs: repeated_matches, matches

   Hosts behind one balancer share few deliveries, by double sends; twins share most of them: half
   of what the smaller log tells, or more. twin_group: the name that the twins have in common. */
WITH shared_deliveries AS (
  SELECT
    a.layer, a.stream, b.stream AS twin,
    COUNT(DISTINCT a.event_uuid || ' ' || a.endpoint_url) AS deliveries
  FROM repeated_matches AS a
  JOIN repeated_matches AS b
    ON b.layer = a.layer AND b.event_uuid = a.event_uuid AND b.endpoint_url = a.endpoint_url
    AND b.stream <> a.stream AND COALESCE(b.path = a.path, TRUE)
  GROUP BY a.layer, a.stream, b.stream
),
sizes AS (
  SELECT layer, stream, COUNT(DISTINCT event_uuid || ' ' || endpoint_url) AS deliveries
  FROM matches
  WHERE counts AND stream IN (SELECT stream FROM shared_deliveries)
  GROUP BY layer, stream
)
SELECT s.layer, s.stream, LEAST(s.stream, MIN(s.twin)) AS twin_group
FROM shared_deliveries AS s
JOIN sizes AS a ON a.layer = s.layer AND a.stream = s.stream
JOIN sizes AS b ON b.layer = s.layer AND b.stream = s.twin
WHERE 2 * s.deliveries >= LEAST(a.deliveries, b.deliveries)
GROUP BY s.layer, s.stream
