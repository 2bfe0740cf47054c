/* clock_medians: receiver's clock minus sender's where it was measured, for each stream and day.
   grain:  one stream and day; and one row without a day for each stream, for all other days
   inputs: attempts, receipts, settings

   Measured on pairs: an event's only attempt and its first arrival in a stream; an event listed
   without attempts was sent when it happened. An event with attempts that lie more than a
   second apart is left out, also where its URL changed: who knows which arrived first? So is a receipt with another
   answer than the sender saw, or with none where it saw a failure: it may be of an attempt that is
   not listed. Of more than 100,000 attempts
   a sixteenth is enough: the events whose uuid ends in 0.
   A day has a row of its own with 20 pairs or more; with three or more where it departs from the
   stream's median by more than the tolerance, as after a step of the clock. One or two pairs so far
   apart measure nothing: they may be of different attempts. Drift within a day is left to the
   tolerance: 20 ppm are less than a second in half a day, and even 30 s a day cost a log that names
   its events no verdict (tests/test_proof.py); what names none stays undetermined.
   zone_error_minutes: whole quarter-hours, give or take a minute: a zone was mistaken. Also where
   only one pair in ten is so far from the rest: then the zone changed within the day.
   early_ms: the difference that only one pair in twenty falls short of.
   reach_ms: the 99th percentile of the distances; of a few hundred pairs the 99.9th is the
   largest, which is one that came late.
   method: pairs. Logs that name no event are measured on times, in verdict/clocks.py. */
WITH only_attempts AS (
  SELECT
    event_uuid, MIN(COALESCE(attempted_at, created_at)) AS attempted_at,
    MIN(http_status) AS lowest_status, MAX(http_status) AS highest_status,
    BOOL_OR(status <> 'failed') AS succeeded
  FROM attempts
  WHERE COALESCE(attempted_at, created_at) IS NOT NULL AND attempted_until IS NULL
    AND RIGHT(event_uuid, 1) <= (
      SELECT CASE WHEN COUNT(*) > 100000 THEN '0' ELSE '~' END FROM attempts
    )
  GROUP BY event_uuid HAVING MAX(attempted_at) <= MIN(attempted_at) + INTERVAL '1 second'
),
pairs AS (
  SELECT
    r.stream, CAST(MIN(r.received_at) AS DATE) AS day,
    DATE_DIFF('microsecond', a.attempted_at, MIN(r.received_at)) / 1000.0 AS difference_ms
  FROM receipts AS r
  JOIN only_attempts AS a
    ON a.event_uuid = r.event_uuid
    AND COALESCE(r.http_status BETWEEN a.lowest_status AND a.highest_status, a.succeeded)
  GROUP BY r.stream, r.event_uuid, a.attempted_at
  HAVING MIN(r.received_at) IS NOT NULL
),
groups AS (
  SELECT stream, day, COUNT(*) AS pairs, MEDIAN(difference_ms) AS offset_ms
  FROM pairs GROUP BY GROUPING SETS ((stream, day), (stream))
),
medians AS (
  SELECT g.stream, g.day, g.pairs, g.offset_ms, s.tolerance_seconds * 1000 AS tolerance_ms
  FROM groups AS g
  CROSS JOIN settings AS s
  LEFT JOIN groups AS w ON w.stream = g.stream AND w.day IS NULL
  WHERE (g.day IS NULL AND (g.pairs >= 3 OR ABS(g.offset_ms) <= s.tolerance_seconds * 1000))
    OR g.pairs >= 20
    OR (g.pairs >= 3 AND ABS(g.offset_ms - w.offset_ms) > s.tolerance_seconds * 1000)
),
distances AS (
  SELECT
    m.*, p.difference_ms, ABS(p.difference_ms - m.offset_ms) AS distance_ms,
    ROUND((p.difference_ms - m.offset_ms) / 900000) AS quarters_off
  FROM medians AS m JOIN pairs AS p ON p.stream = m.stream AND (p.day = m.day OR m.day IS NULL)
),
spreads AS (
  SELECT
    stream, day, pairs, offset_ms, MEDIAN(distance_ms) AS mad_ms,
    QUANTILE_CONT(difference_ms, 0.05) AS early_ms,
    QUANTILE_CONT(distance_ms, 0.99) FILTER (distance_ms <= tolerance_ms) AS reach_ms,
    ROUND(offset_ms / 900000) AS quarters,
    COUNT(*) FILTER (
      quarters_off <> 0 AND ABS(distance_ms - ABS(quarters_off) * 900000) <= 60000
    ) AS strays,
    MEDIAN(quarters_off) FILTER (quarters_off <> 0) AS stray_quarters
  FROM distances GROUP BY stream, day, pairs, offset_ms
)
SELECT
  stream, day, 'pairs' AS method, pairs, offset_ms, mad_ms, early_ms, reach_ms,
  CAST(CASE
    WHEN quarters <> 0 AND ABS(offset_ms - quarters * 900000) <= 60000 THEN quarters * 15
    WHEN day IS NULL AND BOOL_OR(day IS NOT NULL) OVER (PARTITION BY stream) THEN NULL
    WHEN strays >= 3 AND 10 * strays >= pairs THEN ROUND(quarters + stray_quarters) * 15
  END AS INTEGER) AS zone_error_minutes
FROM spreads
