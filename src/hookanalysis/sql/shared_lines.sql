/* shared_lines: what the logs behind the edge say of an event that went to several endpoints, without
   telling at which.
   grain:  one event of which such lines are
   inputs: matches, attempts, endpoint_paths

   all_failed: as many requests failed as the event has deliveries, each of one attempt; a line that
   shows no path may be a worker's second try. one_failed: it failed, or it was processed less often
   than it was accepted, where most such events were as often; nobody knows at which endpoint.
   processed: it was, at one endpoint at least.
   Several logs are of hosts, and their lines add up, if that explains more events than one log's
   lines do; else each tells of the same requests. */
WITH lines AS (
  SELECT
    event_uuid, MAX(failed) AS failed, MAX(requests) AS requests, MAX(others) AS others,
    MAX(processed) AS most, CAST(SUM(processed) AS BIGINT) AS total
  FROM (
    SELECT
      event_uuid, COUNT(*) FILTER (NOT processed) AS failed,
      COUNT(*) FILTER (NOT processed AND path IS NOT NULL) AS requests,
      COUNT(*) FILTER (COALESCE(processed, TRUE)) AS others,
      COUNT(*) FILTER (processed OR known_before) AS processed
    FROM matches
    WHERE endpoint_url = '' AND NOT listed AND NOT stranger AND layer <> 'edge'
      AND (path IS NULL OR path IN (SELECT bare_path FROM endpoint_paths))
    GROUP BY event_uuid, stream
  )
  GROUP BY event_uuid
),
told AS (
  SELECT
    l.*, d.deliveries, d.tries,
    CASE
      WHEN COUNT(*) FILTER (total = d.accepted AND d.accepted > 0) OVER ()
        > COUNT(*) FILTER (most = d.accepted AND d.accepted > 0) OVER () THEN total
      ELSE most
    END AS processed,
    processed < d.accepted AS lacking,
    2 * COUNT(*) FILTER (GREATEST(total, most) >= d.accepted AND d.accepted > 0) OVER ()
      > COUNT(*) FILTER (d.accepted > 0) OVER () AS usually_tells
  FROM lines AS l
  JOIN (
    SELECT
      event_uuid, COUNT(DISTINCT delivery_no) AS deliveries, COUNT(*) AS tries,
      COUNT(DISTINCT delivery_no) FILTER (status = 'success') AS accepted
    FROM attempts WHERE event_uuid IN (SELECT event_uuid FROM lines) AND endpoint_url <> ''
    GROUP BY event_uuid
  ) AS d ON d.event_uuid = l.event_uuid
)
SELECT
  event_uuid, requests >= deliveries AND tries = deliveries AND others = 0 AS all_failed,
  failed > 0 OR (usually_tells AND lacking) AS one_failed, processed > 0 AS processed
FROM told
WHERE deliveries > 1
