/* absences: deliveries of which the logs behind the edge do not tell the end, and if that is proof.
   grain:  one delivery that the sender knows
   inputs: sender_deliveries, matches, silent_successes, processing_logs, serving_streams,
           proof_spans, doubts, clock_offsets, settings

   Either no log behind the edge holds a receipt, or none of the attempt that succeeded; or one
   does, accepted, and the application, which usually says that it processed an event, never did.
   outer_covered: every log of the outermost layer that knows the endpoint was whole all the time
   in which a request could have come. inner_covered: so was a layer behind the edge.
   processing_covered: so was every layer that tells of processing. edge_covered: so was the edge.
   None of the first three, where the logs are no witness (doubt). processing_told: a layer usually
   tells of processing. */
WITH settled AS (
  SELECT m.event_uuid, m.endpoint_url
  FROM matches AS m
  WHERE m.layer <> 'edge'
    AND m.counts
    AND (
      m.processed IS NOT NULL OR m.known_before OR NOT m.accepted
      OR m.endpoint_url NOT IN (SELECT endpoint_url FROM processing_logs)
    )
),
unsettled AS (
  SELECT
    d.event_uuid, d.endpoint_url, d.says,
    COALESCE(d.first_attempt_at, d.created_at) AS first_at,
    COALESCE(d.last_attempt_at, d.created_at) AS last_at
  FROM sender_deliveries AS d
  WHERE NOT EXISTS (
    SELECT 1 FROM settled AS s
    WHERE s.event_uuid = d.event_uuid AND s.endpoint_url = d.endpoint_url
  )
  OR EXISTS (
    SELECT 1 FROM silent_successes AS s
    WHERE s.event_uuid = d.event_uuid AND s.endpoint_url = d.endpoint_url
  )
),
doubted AS (
  SELECT
    u.event_uuid, u.endpoint_url,
    MIN(CASE WHEN NOT d.behind_edge THEN d.reason END) AS doubt, MIN(d.reason) AS inner_doubt
  FROM unsettled AS u
  JOIN doubts AS d
    ON d.endpoint_url = u.endpoint_url AND d.starts_at <= u.last_at AND d.ends_at >= u.first_at
    AND (d.reason <> 'not_bracketed' OR u.says = 'ok')
  GROUP BY u.event_uuid, u.endpoint_url
),
layers AS (
  SELECT
    v.endpoint_url, v.layer, MIN(v.depth) AS depth,
    COALESCE(MAX(o.tolerance_ms), MAX(s.tolerance_seconds) * 1000) * INTERVAL '1 millisecond'
      AS tolerance,
    MAX(s.timeout_seconds) * INTERVAL '1 second' AS timeout
  FROM serving_streams AS v
  CROSS JOIN settings AS s
  LEFT JOIN clock_offsets AS o ON o.stream = v.stream
  GROUP BY v.endpoint_url, v.layer
)
SELECT
  u.event_uuid,
  u.endpoint_url,
  MIN(u.first_at) - COALESCE(MAX(l.tolerance), INTERVAL '0 seconds') AS possible_from,
  MAX(u.last_at) + COALESCE(MAX(l.tolerance + l.timeout), INTERVAL '0 seconds') AS possible_until,
  BOOL_OR(p.endpoint_url IS NOT NULL AND l.depth = 1) AND MAX(b.doubt) IS NULL AS outer_covered,
  BOOL_OR(p.endpoint_url IS NOT NULL AND l.layer <> 'edge') AND MAX(b.event_uuid) IS NULL
    AS inner_covered,
  BOOL_OR(g.layer IS NOT NULL) AND BOOL_AND(g.layer IS NULL OR p.endpoint_url IS NOT NULL)
    AND MAX(b.event_uuid) IS NULL AS processing_covered,
  BOOL_OR(p.endpoint_url IS NOT NULL AND l.layer = 'edge') AS edge_covered,
  MAX(b.doubt) AS doubt,
  MAX(b.inner_doubt) AS inner_doubt,
  BOOL_OR(g.layer IS NOT NULL) AS processing_told
FROM unsettled AS u
LEFT JOIN doubted AS b ON b.event_uuid = u.event_uuid AND b.endpoint_url = u.endpoint_url
LEFT JOIN layers AS l ON l.endpoint_url = u.endpoint_url
LEFT JOIN processing_logs AS g ON g.endpoint_url = l.endpoint_url AND g.layer = l.layer
LEFT JOIN proof_spans AS p
  ON p.endpoint_url = l.endpoint_url AND p.layer = l.layer
  AND p.starts_at <= u.first_at - l.tolerance
  AND p.ends_at >= u.last_at + l.tolerance + l.timeout
GROUP BY u.event_uuid, u.endpoint_url
