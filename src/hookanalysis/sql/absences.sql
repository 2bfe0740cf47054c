/* absences: deliveries of which the logs behind the edge do not tell the end, and if that is proof.
   grain:  one delivery that the sender knows
   inputs: sender_deliveries, matches, processing_logs, showing_logs, serving_streams, proof_spans,
           undecided_deliveries, doubts, stream_spans, log_holes, receiver_logs, generations,
           clock_offsets, settings

   Either no log behind the edge holds a receipt, or none of the attempt that succeeded; or one
   does, accepted or before a success, and the application, which usually says that it processed an
   event, never did.
   outer_covered: every log of the outermost layer that knows the endpoint was whole all the time
   in which a request could have come. inner_covered: so was a layer behind the edge that shows
   what the edge accepted.
   processing_covered: so was every layer that tells of processing. edge_covered: so was the edge.
   None of the first three, where the logs are no witness (doubts); nor what is behind the edge,
   where a line there may be this delivery's (unplaced); nor processing that is hidden.
   processing_told: a layer usually tells of processing. host_missing: what the edge accepted is
   usually shown behind it, now and then not. reason: what keeps the absence from proving anything. */
WITH unsettled AS (
  SELECT
    delivery_no, event_uuid, endpoint_url, says,
    -- An attempt may be noted when it ends, so it may have begun before its neighbour's time.
    COALESCE(COALESCE(first_sent_at, first_attempt_at) - CASE WHEN untimed THEN timeout_seconds
      ELSE 0 END * INTERVAL '1 second', created_at) AS first_at,
    COALESCE(last_sent_at, tried_until, created_at) AS last_at,
    delivery_no IN (SELECT delivery_no FROM undecided_deliveries WHERE behind_edge) AS unplaced,
    hidden,
    NOT success_silent AND delivery_no IN (SELECT delivery_no FROM matches WHERE counts) AS arrived,
    says = 'fail_nohttp' OR says = 'fail_http' AND COALESCE(is_proxys(refused_with), FALSE) AS unheard,
    unheard AND last_error_kind = 'other' IS TRUE AS broken, last_error_kind
  FROM sender_deliveries CROSS JOIN settings
  WHERE success_silent OR delivery_no NOT IN (
    SELECT delivery_no
    FROM matches AS m JOIN sender_deliveries AS d USING (delivery_no)
    WHERE layer <> 'edge' AND counts GROUP BY delivery_no HAVING BOOL_OR(
        processed OR known_before OR m.endpoint_url NOT IN (SELECT endpoint_url FROM processing_logs)
      ) OR NOT BOOL_OR(accepted AND processed IS NULL OR says = 'ok' AND NOT COALESCE(accepted, FALSE))
  )
),
doubted AS (
  SELECT
    u.delivery_no, MIN(d.code) AS inner_doubt,
    -- Of a failure, what says more than that successes lack about then.
    ARG_MIN(d.code, (u.says <> 'ok' AND d.code = 'not_bracketed', d.code)) FILTER (NOT d.behind_edge)
      AS doubt
  FROM unsettled AS u
  JOIN doubts AS d
    ON d.endpoint_url = u.endpoint_url AND d.starts_at <= u.last_at AND d.ends_at >= u.first_at
    AND CASE d.code WHEN 'answers_only' THEN u.unheard WHEN 'dies_unseen' THEN u.broken
      WHEN 'error_unnamed' THEN u.unheard AND NOT never_left(u.last_error_kind) ELSE TRUE END
  GROUP BY u.delivery_no
),
layers AS (
  SELECT
    v.endpoint_url, v.layer, MIN(v.depth) AS depth,
    BOOL_OR(g.layer IS NOT NULL) AS told, BOOL_OR(w.layer IS NOT NULL) AS shows,
    COALESCE(MAX(o.tolerance_ms), MAX(s.tolerance_seconds) * 1000) * INTERVAL '1 millisecond' AS tolerance,
    MAX(s.timeout_seconds) * INTERVAL '1 second' AS timeout
  FROM serving_streams AS v
  CROSS JOIN settings AS s
  LEFT JOIN clock_offsets AS o ON o.stream = v.stream
  LEFT JOIN processing_logs AS g ON g.endpoint_url = v.endpoint_url AND g.layer = v.layer
  LEFT JOIN showing_logs AS w ON w.endpoint_url = v.endpoint_url AND w.layer = v.layer
  GROUP BY v.endpoint_url, v.layer
),
-- Logs of which nothing could be read: what the sender saw succeed may stand in one of any layer.
unread AS (
  SELECT endpoint_url, stream
  FROM serving_streams JOIN receiver_logs USING (stream)
  WHERE lacking_file IS NOT NULL AND stream NOT IN (SELECT stream FROM stream_spans)
),
weighed AS (
  SELECT
    u.delivery_no, u.event_uuid, u.endpoint_url, u.unplaced, u.hidden, u.says, u.arrived,
    u.first_at - COALESCE(MAX(l.tolerance), INTERVAL '0 seconds') AS possible_from,
    u.last_at + COALESCE(MAX(l.tolerance + l.timeout), INTERVAL '0 seconds') AS possible_until,
    BOOL_OR(p.layer IS NOT NULL AND l.depth = 1) AND MAX(b.doubt) IS NULL
      AND (u.says <> 'ok' OR u.endpoint_url NOT IN (SELECT endpoint_url FROM unread)) AS outer_covered,
    BOOL_OR(p.layer IS NOT NULL AND l.shows) AND MAX(b.inner_doubt) IS NULL
      AND NOT u.unplaced AS inner_covered,
    BOOL_OR(COALESCE(l.told, FALSE)) AND BOOL_AND(NOT l.told OR p.layer IS NOT NULL)
      AND MAX(b.inner_doubt) IS NULL AND NOT u.unplaced AND u.hidden IS NULL AS processing_covered,
    BOOL_OR(p.layer IS NOT NULL AND l.layer = 'edge') AS edge_covered,
    BOOL_OR(l.told) AS processing_told,
    BOOL_OR(l.shows) AND MAX(b.inner_doubt) = 'host_missing' AND NOT u.unplaced AS host_missing,
    MAX(b.doubt) AS doubt, MAX(b.inner_doubt) AS inner_doubt FROM unsettled AS u
  LEFT JOIN doubted AS b ON b.delivery_no = u.delivery_no
  LEFT JOIN layers AS l ON l.endpoint_url = u.endpoint_url
  LEFT JOIN proof_spans AS p
    ON p.endpoint_url = l.endpoint_url AND p.layer = l.layer
    AND p.starts_at <= u.first_at - l.tolerance AND p.ends_at >= u.last_at + l.tolerance + l.timeout
  GROUP BY u.delivery_no, u.event_uuid, u.endpoint_url, u.first_at, u.last_at, u.unplaced,
    u.says, u.arrived, u.hidden
),
unproven AS (
  SELECT *, outer_covered OR arrived AS inward, CASE WHEN inward THEN inner_doubt ELSE doubt END AS code
  FROM weighed WHERE NOT outer_covered OR NOT processing_covered
),
log_ends AS (
  SELECT stream, MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
    MIN(logged_from) AS logged_from, MAX(logged_until) AS logged_until,
    (SELECT MAX(h.ends_at) FROM log_holes AS h WHERE h.stream = s.stream AND h.reason = 'truncated')
      AS cut_at
  FROM stream_spans AS s GROUP BY stream
),
stream_reasons AS (
  SELECT
    u.delivery_no,
    MIN(CASE
      WHEN q.lacking_file IS NOT NULL AND (
        h.stream IS NOT NULL OR e.stream IS NULL OR u.possible_from < e.starts_at
        OR u.possible_until > e.ends_at
      ) THEN reason('quarantined', stream := v.stream, file := q.lacking_file)
      WHEN h.stream IS NOT NULL
        THEN reason(h.reason, stream := v.stream, since := h.logged_from, until := h.logged_until)
      WHEN e.stream IS NULL THEN reason('no_times', stream := v.stream)
      WHEN u.possible_until > e.ends_at THEN reason(
        CASE WHEN e.cut_at >= e.logged_until THEN 'truncated' ELSE 'after_last_log' END,
        stream := v.stream, "at" := e.logged_until
      )
      WHEN u.possible_from < e.starts_at
        THEN reason('before_first_log', stream := v.stream, "at" := e.logged_from)
    END) AS reason
  FROM unproven AS u JOIN serving_streams AS v ON v.endpoint_url = u.endpoint_url
  JOIN layers AS l ON l.endpoint_url = v.endpoint_url AND l.layer = v.layer
    AND (CASE WHEN u.inward THEN l.told OR v.depth > 1 ELSE v.depth = 1 END
      OR (u.says = 'ok' AND v.stream IN (SELECT stream FROM unread)))
  LEFT JOIN log_ends AS e ON e.stream = v.stream
  LEFT JOIN receiver_logs AS q ON q.stream = v.stream
  LEFT JOIN stream_spans AS h ON h.stream = v.stream AND NOT h.covered
    AND h.starts_at < u.possible_until AND h.ends_at > u.possible_from
  GROUP BY u.delivery_no
),
doubt_reasons AS (
  SELECT
    endpoint_url, code, reason(
      code, stream := MIN(stream), export := MIN(export), minutes := ARG_MIN(minutes, stream),
      lacking := MAX(lacking), answers := MAX(answers)
    ) AS reason
  FROM doubts GROUP BY endpoint_url, code
)
SELECT
  w.* EXCLUDE (doubt, inner_doubt, unplaced, says, arrived, hidden),
  CASE
    WHEN u.delivery_no IS NULL THEN NULL
    WHEN w.outer_covered AND w.unplaced THEN reason('ambiguous')
    WHEN w.outer_covered AND w.hidden IS NOT NULL AND w.inner_doubt IS NULL THEN reason(w.hidden)
    WHEN s.delivery_no IS NOT NULL THEN COALESCE(s.reason, d.reason, reason('no_liveness'))
    WHEN u.inward AND d.reason IS NOT NULL THEN d.reason
    WHEN NOT EXISTS (FROM generations WHERE side = 'receiver') THEN reason('no_receiver_log')
    WHEN w.endpoint_url = '' THEN reason('endpoint_unnamed')
    ELSE reason('endpoint_not_logged', url := w.endpoint_url)
  END AS reason
FROM weighed AS w
LEFT JOIN unproven AS u ON u.delivery_no = w.delivery_no
LEFT JOIN stream_reasons AS s ON s.delivery_no = w.delivery_no
LEFT JOIN doubt_reasons AS d ON d.endpoint_url = w.endpoint_url AND d.code = u.code
