/* doubts: when the receiver's logs, though alive, are no witness against an endpoint's requests.
   grain:  one stretch of one endpoint
   inputs: answer_runs, witnesses, serving_streams, clock_offsets, activity, generations,
           receipt_lines, receiver_logs, matches, processing_logs,
           endpoint_paths, settings

   What the sender saw answered and a log lacks, now and then between requests that it shows, is a
   log that does not get all: another host's is absent (host_missing), or it is sampled, when more
   than two of three are lacking. Three such gaps with at most 20 shown answers between them are a
   doubt for their time; for all time, when one answer in 50 begins one: a true false success is
   rarer, and a loss below that cannot be told from it. Where another layer attests that the log gets
   all, only a host that lacks in both can be absent, and it would answer more than a few: one in 20,
   or three gaps with at most 6 shown answers between them. Of events that are listed without their
   attempts the sender may have tried none: one in 10, or 4. behind_edge: the doubt is only about the
   logs behind the edge, which lack what it accepted; or a worker's, which lacks what they took in. A log that is sampled, or that the settings
   call so, is so for every endpoint that it serves; one that lacks a host's, for those that lack any.
   not_bracketed: successes that all logs lack, with fewer than five that they show on either side
   (of logs that are attested: none), or three and more in a row, if no layer attests: perhaps the
   endpoint was not logged then.
   Behind the edge, three in a row suffice: a release may tell less.
   host_unattested: another host has this path, too, and no line is known to be of this one.
   lines_lacking: requests that a layer behind the outermost shows, of which that one has no line;
   where there are any, successes that no log shows are lacking, too.
   ends_only: the outermost logs tell of the end of the work alone: what they lack was not worked off.
   answers_only: they show no arrival, but how a request was answered: of one to which the sender
   saw no answer of theirs, they may not tell. dies_unseen: no log shows arrivals, and a proxy's has a
   line when it answers, too: a connection that broke with its server leaves none.
   error_unnamed: the outermost log is an application's, and tells of an error that names neither an
   event nor a request: it may have ended one that has no other line.
   steps_lacking: a log that shows what it has processed as received before, once or more often,
   lacks some of these lines; or another log of its layer does, where it shows none. So it may lack
   any other (some twenty thousand requests are enough to know).
   work_stopped: after it no event is known to have been processed, at a place that tells it of most:
   the work may wait in a queue, or be told in other words.
   tz_suspect: on days when a log's clock is off by whole quarter-hours, one of the two zones was
   mistaken, and with it any time that the log covers. dst_ambiguous: an export's local times that
   the clock showed twice, both readings together. */
WITH outermost AS (SELECT * FROM serving_streams WHERE depth = 1),
completed_requests AS (
  SELECT
    stream, COUNT(*) FILTER (mark = 'received') AS own,
    SUM(own) OVER (PARTITION BY layer, request_key) AS received
  FROM receipt_lines
  WHERE mark IN ('received', 'processed')
    AND sampled(request_key, (SELECT COUNT(*) FROM receipt_lines))
  GROUP BY layer, request_key, stream
  QUALIFY BOOL_OR(mark = 'processed')
),
broken_logs AS (
  SELECT
    stream, COUNT(*) AS answers, COUNT(*) FILTER (CASE WHEN u.own > 0 THEN c.own < u.own ELSE c.received = 0 END) AS lacking
  FROM completed_requests AS c
  JOIN (SELECT stream, QUANTILE_DISC(own, 0.5) AS own FROM completed_requests GROUP BY stream) AS u
    USING (stream)
  GROUP BY stream
  HAVING lacking >= 3 AND 200 * lacking > answers AND 2 * lacking < answers
),
-- Logs whose owner says that they are all.
complete AS (
  SELECT v.endpoint_url
  FROM outermost AS v JOIN generations AS g ON g.stream = v.stream AND g.side = 'receiver'
  GROUP BY v.endpoint_url HAVING BOOL_AND(g.completeness = 'complete')
),
-- Logs that lack nothing of what another layer shows: only a host that lacks in both is absent.
attested AS (
  SELECT endpoint_url FROM witnesses WHERE answers >= 20 AND 200 * lacking <= answers
),
runs AS (
  SELECT
    *, kind IN ('behind_edge', 'worked_off') AS behind_edge, behind_edge OR endpoint_url IN (FROM attested) AS attested,
    LAG(answers) OVER in_order AS answers_before, LEAD(answers) OVER in_order AS answers_after,
    LAG(ends_at) OVER in_order AS shown_until, LEAD(starts_at) OVER in_order AS shown_from
  FROM answer_runs WHERE behind_edge OR endpoint_url NOT IN (FROM complete)
  WINDOW in_order AS (PARTITION BY endpoint_url, kind ORDER BY run)
),
gaps AS (
  SELECT
    *, LEAD(ends_at, 2) OVER in_order AS third_ends_at, LEAD(shown_before, 2) OVER in_order - shown_before AS shown_between
  FROM runs WHERE silent
  WINDOW in_order AS (PARTITION BY endpoint_url, kind ORDER BY run)
),
totals AS (
  SELECT
    endpoint_url, kind, behind_edge, attested, MIN(starts_at) - INTERVAL '1 day' AS starts_at,
    MAX(ends_at) + INTERVAL '1 day' AS ends_at, SUM(answers) AS answers,
    SUM(answers) FILTER (silent) AS lacking, COUNT(*) FILTER (silent) AS gaps,
    CASE WHEN 3 * SUM(answers) FILTER (silent) > 2 * SUM(answers) THEN 'sampled' ELSE 'host_missing' END AS code
  FROM runs GROUP BY ALL
),
-- Doubts about all the time.
lasting AS (
  SELECT *
  FROM totals
  WHERE gaps >= 3
    AND CASE WHEN kind = 'listed' THEN 10 WHEN attested THEN 20 ELSE 50 END * gaps > answers
)
SELECT g.endpoint_url, g.starts_at, g.third_ends_at AS ends_at, t.code, g.behind_edge,
  CAST(t.lacking AS BIGINT) AS lacking, CAST(t.answers AS BIGINT) AS answers,
  CAST(NULL AS VARCHAR) AS stream, CAST(NULL AS INTEGER) AS minutes
FROM gaps AS g JOIN totals AS t USING (endpoint_url, kind)
WHERE g.shown_between <= CASE WHEN g.kind = 'listed' THEN 4 WHEN g.attested THEN 6 ELSE 20 END
UNION ALL BY NAME
SELECT * EXCLUDE (kind, gaps, attested) FROM lasting
UNION ALL BY NAME
SELECT DISTINCT w.endpoint_url, t.starts_at, t.ends_at, t.code, t.behind_edge, t.lacking, t.answers, v.stream
FROM lasting AS t
JOIN serving_streams AS v ON v.endpoint_url = t.endpoint_url AND (v.depth > 1) = t.behind_edge
JOIN serving_streams AS w ON w.stream = v.stream AND w.endpoint_url <> v.endpoint_url
WHERE t.code = 'sampled'
  OR (w.endpoint_url, t.kind) IN (SELECT DISTINCT (endpoint_url, kind) FROM totals)
UNION ALL BY NAME
SELECT endpoint_url, COALESCE(shown_until, starts_at) AS starts_at,
  COALESCE(shown_from, ends_at) AS ends_at, 'not_bracketed' AS code, behind_edge
FROM gaps
WHERE kind = 'behind_edge' AND answers >= 3 OR kind = 'success' AND (answers >= 3 AND NOT attested
  OR LEAST(COALESCE(answers_before, 0), COALESCE(answers_after, 0)) < CASE WHEN attested THEN 1 ELSE 5 END)
UNION ALL BY NAME
SELECT endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at, 'host_unattested' AS code, FALSE AS behind_edge
FROM endpoint_paths
WHERE path IN (SELECT path FROM endpoint_paths GROUP BY path HAVING COUNT(DISTINCT host) > 1)
  AND endpoint_url NOT IN (SELECT endpoint_url FROM matches WHERE accepted AND attempt_key IS NOT NULL)
UNION ALL BY NAME
SELECT endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at,
  'lines_lacking' AS code, FALSE AS behind_edge, log_lacking AS lacking, log_answers AS answers
FROM witnesses
LEFT JOIN (SELECT endpoint_url, lacking AS unseen FROM totals WHERE kind = 'success' AND NOT attested)
  USING (endpoint_url)
WHERE log_lacking + COALESCE(unseen, 0) >= 3 AND log_lacking > 0 AND 200 * log_lacking > log_answers
  AND endpoint_url NOT IN (FROM complete)
UNION ALL BY NAME
SELECT endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at, code, FALSE AS behind_edge
FROM serving_streams AS v JOIN receiver_logs AS r USING (stream)
CROSS JOIN (VALUES ('ends_only'), ('answers_only'), ('dies_unseen')) AS kinds (code)
WHERE depth = 1 OR code = 'dies_unseen'
GROUP BY endpoint_url, code HAVING BOOL_AND(CASE code WHEN 'ends_only' THEN ends_only
  WHEN 'answers_only' THEN answers_only ELSE v.layer IN ('edge', 'table') OR answers_only END)
UNION ALL BY NAME
SELECT v.endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at,
  'steps_lacking' AS code, v.depth > 1 AS behind_edge, b.lacking, b.answers, v.stream
FROM broken_logs AS b JOIN serving_streams AS v ON v.stream = b.stream
WHERE v.endpoint_url NOT IN (FROM complete)
UNION ALL BY NAME
SELECT v.endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at,
  'sampled' AS code, v.depth > 1 AS behind_edge, MIN(v.stream) AS stream
FROM serving_streams AS v JOIN generations AS g ON g.stream = v.stream AND g.side = 'receiver'
WHERE g.completeness = 'sample' GROUP BY v.endpoint_url, v.depth > 1
UNION ALL BY NAME
SELECT endpoint_url, MAX(arrived_at) AS starts_at, TIMESTAMP '2100-01-01' AS ends_at, 'work_stopped' AS code, TRUE AS behind_edge
FROM matches JOIN processing_logs USING (endpoint_url, layer) WHERE processed GROUP BY endpoint_url
UNION ALL BY NAME
SELECT v.endpoint_url, 'tz_suspect' AS code, FALSE AS behind_edge, v.stream,
  o.zone_error_minutes AS minutes,
  COALESCE(o.day - o.offset_ms * INTERVAL '1 millisecond' - INTERVAL '1 hour', '2000-01-01') AS starts_at,
  COALESCE(o.day - o.offset_ms * INTERVAL '1 millisecond' + INTERVAL '25 hours', '2100-01-01') AS ends_at
FROM outermost AS v JOIN clock_offsets AS o ON o.stream = v.stream
WHERE o.zone_error_minutes IS NOT NULL
UNION ALL BY NAME
SELECT v.endpoint_url, 'error_unnamed' AS code, FALSE AS behind_edge, v.stream,
  a.first_at - (timeout_seconds + tolerance_seconds) * INTERVAL '1 second' AS starts_at,
  a.last_at + tolerance_seconds * INTERVAL '1 second' AS ends_at
FROM outermost AS v JOIN generations USING (stream) JOIN activity AS a USING (generation_id) CROSS JOIN settings
WHERE v.layer = 'app' AND alarms > 0
UNION ALL BY NAME
SELECT v.endpoint_url, MIN(a.first_at) AS starts_at, MAX(a.later_at) AS ends_at,
  'dst_ambiguous' AS code, FALSE AS behind_edge, MIN(g.stream) AS export
FROM activity AS a JOIN generations AS g ON g.generation_id = a.generation_id
CROSS JOIN (SELECT DISTINCT endpoint_url FROM serving_streams) AS v
WHERE g.side = 'sender' AND a.later_at IS NOT NULL
GROUP BY v.endpoint_url, CAST(a.minute_at AS DATE)
