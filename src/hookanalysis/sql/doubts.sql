/* doubts: when the receiver's logs, though alive, are no witness against an endpoint's requests.
   grain:  one stretch of one endpoint
   inputs: answer_runs, clock_doubts, serving_streams, generations, requests

   What the sender saw answered and a log lacks, now and then between requests that it shows, is a
   log that does not get all: another host's is absent (host_missing), or it is sampled, when more
   than two of three are lacking. Three such gaps with at most 20 shown answers between them are a
   doubt for their time; for all time, when one answer in 50 begins one: a true false success is
   rarer, and a loss below that cannot be told from it. behind_edge: the doubt is only about the
   logs behind the edge, which lack what it accepted. A log that is sampled is so for every endpoint
   that it serves, also for one with too few requests to show it.
   not_bracketed: successes that all logs lack, with fewer than five that they show on either side:
   perhaps the endpoint was not logged there at all. lines_lacking: requests that a layer behind the
   outermost shows, of which that one has no line. Doubts about the clocks are added, and logs
   that the settings call sampled. */
WITH witnesses AS (
  SELECT q.endpoint_url, COUNT(*) AS shown, COUNT(*) FILTER (WHERE q.state = 'lacking') AS lacking
  FROM requests AS q
  JOIN (SELECT DISTINCT endpoint_url, layer FROM serving_streams WHERE depth = 1) AS v
    ON v.endpoint_url = q.endpoint_url AND v.layer = q.layer
  WHERE q.shown AND q.covered AND q.nth = 1
  GROUP BY q.endpoint_url
),
-- Logs of which another layer proves that they are whole, or whose owner says so.
proven AS (
  SELECT endpoint_url FROM witnesses WHERE shown >= 20 AND 200 * lacking <= shown
  UNION
  SELECT v.endpoint_url
  FROM serving_streams AS v
  JOIN generations AS g ON g.stream = v.stream AND g.side = 'receiver'
  WHERE v.depth = 1
  GROUP BY v.endpoint_url
  HAVING BOOL_AND(g.completeness = 'complete')
),
runs AS (
  SELECT * FROM answer_runs
  WHERE kind = 'behind_edge' OR endpoint_url NOT IN (SELECT endpoint_url FROM proven)
),
gaps AS (
  SELECT
    endpoint_url, kind, run, starts_at, ends_at, answers, shown_before,
    LEAD(ends_at, 2) OVER gaps_in_order AS third_ends_at,
    LEAD(shown_before, 2) OVER gaps_in_order - shown_before AS shown_between
  FROM runs
  WHERE silent
  WINDOW gaps_in_order AS (
    PARTITION BY endpoint_url, kind ORDER BY run NULLS LAST, starts_at NULLS LAST
  )
),
totals AS (
  SELECT
    endpoint_url, kind, MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
    SUM(answers) AS answers,
    SUM(CASE WHEN silent THEN answers ELSE 0 END) AS lacking,
    SUM(CASE WHEN silent THEN 1 ELSE 0 END) AS gaps
  FROM runs
  GROUP BY endpoint_url, kind
),
neighbours AS (
  SELECT
    g.endpoint_url, g.kind, g.run,
    SUM(CASE WHEN r.run < g.run THEN r.answers ELSE 0 END) AS shown_before,
    SUM(CASE WHEN r.run > g.run THEN r.answers ELSE 0 END) AS shown_after
  FROM gaps AS g
  LEFT JOIN runs AS r
    ON r.endpoint_url = g.endpoint_url AND r.kind = g.kind AND NOT r.silent
    AND r.run BETWEEN g.run - 1 AND g.run + 1
  GROUP BY g.endpoint_url, g.kind, g.run
)
SELECT
  t.endpoint_url, g.starts_at, g.third_ends_at AS ends_at,
  CASE WHEN 3 * t.lacking > 2 * t.answers THEN 'sampled' ELSE 'host_missing' END AS reason,
  CAST(t.lacking AS BIGINT) AS lacking, CAST(t.answers AS BIGINT) AS answers, NULL AS about,
  t.kind = 'behind_edge' AS behind_edge
FROM gaps AS g
JOIN totals AS t ON t.endpoint_url = g.endpoint_url AND t.kind = g.kind
WHERE g.shown_between <= CASE WHEN t.kind = 'behind_edge' THEN 6 ELSE 20 END
UNION ALL
SELECT
  endpoint_url, starts_at - INTERVAL '1 day' AS starts_at, ends_at + INTERVAL '1 day' AS ends_at,
  CASE WHEN 3 * lacking > 2 * answers THEN 'sampled' ELSE 'host_missing' END AS reason,
  CAST(lacking AS BIGINT) AS lacking, CAST(answers AS BIGINT) AS answers, NULL AS about,
  kind = 'behind_edge' AS behind_edge
FROM totals
WHERE gaps >= 3 AND CASE WHEN kind = 'behind_edge' THEN 10 ELSE 50 END * gaps > answers
UNION ALL
SELECT DISTINCT
  w.endpoint_url, t.starts_at - INTERVAL '1 day' AS starts_at,
  t.ends_at + INTERVAL '1 day' AS ends_at, 'sampled' AS reason,
  CAST(t.lacking AS BIGINT) AS lacking, CAST(t.answers AS BIGINT) AS answers,
  'stream ' || v.stream AS about, t.kind = 'behind_edge' AS behind_edge
FROM totals AS t
JOIN serving_streams AS v
  ON v.endpoint_url = t.endpoint_url AND (v.depth > 1) = (t.kind = 'behind_edge')
JOIN serving_streams AS w ON w.stream = v.stream AND w.endpoint_url <> v.endpoint_url
WHERE t.gaps >= 3 AND 3 * t.lacking > 2 * t.answers
UNION ALL
SELECT
  g.endpoint_url, g.starts_at, g.ends_at, 'not_bracketed' AS reason,
  CAST(g.answers AS BIGINT) AS lacking, CAST(g.answers AS BIGINT) AS answers, NULL AS about,
  FALSE AS behind_edge
FROM gaps AS g
JOIN neighbours AS n ON n.endpoint_url = g.endpoint_url AND n.kind = g.kind AND n.run = g.run
WHERE g.kind = 'success' AND (n.shown_before < 5 OR n.shown_after < 5)
UNION ALL
SELECT endpoint_url, starts_at, ends_at, reason, NULL AS lacking, NULL AS answers, about,
  FALSE AS behind_edge
FROM clock_doubts
UNION ALL
SELECT
  v.endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at,
  'sampled' AS reason, NULL AS lacking, NULL AS answers, 'stream ' || MIN(v.stream) AS about,
  v.depth > 1 AS behind_edge
FROM serving_streams AS v
JOIN generations AS g ON g.stream = v.stream AND g.side = 'receiver'
WHERE g.completeness = 'sample'
GROUP BY v.endpoint_url, v.depth > 1
UNION ALL
SELECT
  endpoint_url, TIMESTAMP '2000-01-01' AS starts_at, TIMESTAMP '2100-01-01' AS ends_at,
  'lines_lacking' AS reason, lacking, shown AS answers, NULL AS about, FALSE AS behind_edge
FROM witnesses
WHERE lacking >= 3 AND 200 * lacking > shown
  AND endpoint_url NOT IN (SELECT endpoint_url FROM proven)
