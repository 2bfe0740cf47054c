/* clock_medians: receiver's clock minus sender's where it was measured, for each stream and day.
   grain:  one stream and day; and one row without a day for each stream, for all other days
   inputs: clock_pairs, settings

   A day has a row of its own with 20 pairs or more; with three or more where it departs from the
   stream's median by more than the tolerance, as after a step of the clock. One or two pairs so far
   apart measure nothing: they may be of different attempts. Drift within a day is left to the
   tolerance: 20 ppm are less than a second in half a day, and even 30 s a day cost a log that names
   its events no verdict (tests/test_proof.py); what names none stays undetermined.
   zone_error_minutes: whole quarter-hours, give or take a minute: a zone was mistaken. Also where
   only one pair in ten is so far from the rest: then the zone changed within the day.
   reach_ms: the 99th percentile of the distances; of a few hundred pairs the 99.9th is the
   largest, which is one that came late. */
WITH groups AS (
  SELECT
    stream, day, COUNT(*) AS pairs,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY difference_ms) AS offset_ms
  FROM clock_pairs
  GROUP BY GROUPING SETS ((stream, day), (stream))
),
medians AS (
  SELECT g.stream, g.day, g.pairs, g.offset_ms
  FROM groups AS g
  CROSS JOIN settings AS s
  LEFT JOIN groups AS w ON w.stream = g.stream AND w.day IS NULL
  WHERE (g.day IS NULL AND (g.pairs >= 3 OR ABS(g.offset_ms) <= s.tolerance_seconds * 1000))
    OR g.pairs >= 20
    OR (g.pairs >= 3 AND ABS(g.offset_ms - w.offset_ms) > s.tolerance_seconds * 1000)
),
distances AS (
  SELECT
    m.stream, m.day, m.pairs, m.offset_ms,
    ABS(p.difference_ms - m.offset_ms) AS distance_ms,
    ROUND((p.difference_ms - m.offset_ms) / 900000) AS quarters_off
  FROM medians AS m
  JOIN clock_pairs AS p ON p.stream = m.stream AND (p.day = m.day OR m.day IS NULL)
),
spreads AS (
  SELECT
    d.stream, d.day, d.pairs, d.offset_ms,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY d.distance_ms) AS mad_ms,
    PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY
      CASE WHEN d.distance_ms <= s.tolerance_seconds * 1000 THEN d.distance_ms END
    ) AS reach_ms,
    ROUND(d.offset_ms / 900000) AS quarters,
    SUM(CASE WHEN d.quarters_off <> 0
      AND ABS(d.distance_ms - ABS(d.quarters_off) * 900000) <= 60000 THEN 1 ELSE 0 END) AS strays,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY
      CASE WHEN d.quarters_off <> 0 THEN d.quarters_off END
    ) AS stray_quarters
  FROM distances AS d
  CROSS JOIN settings AS s
  GROUP BY d.stream, d.day, d.pairs, d.offset_ms
)
SELECT
  stream,
  day,
  pairs,
  offset_ms,
  mad_ms,
  reach_ms,
  CAST(CASE
    WHEN quarters <> 0 AND ABS(offset_ms - quarters * 900000) <= 60000 THEN quarters * 15
    WHEN day IS NULL AND BOOL_OR(day IS NOT NULL) OVER (PARTITION BY stream) THEN NULL
    WHEN strays >= 3 AND 10 * strays >= pairs THEN ROUND(quarters + stray_quarters) * 15
  END AS INTEGER) AS zone_error_minutes
FROM spreads
