/* clock_offsets: receiver's clock minus sender's, for each stream and day, as an interval.
   grain:  one stream and day of its clock that was measured; and one row without a day for each
           stream, for all other days
   inputs: clock_medians, receipts, generations, settings

   The median shrugs off what came late; its spread is never taken to be finer than the clocks can
   show. A log without uuids takes the values of the log with most pairs among those that saw the
   same paths, else of all, else of one measured on times. With nothing measured the offset is
   assumed to be 0. */
WITH streams AS (
  SELECT r.stream, GREATEST(MAX(r.time_resolution_ms), MAX(x.time_resolution_ms), 1) AS resolution_ms
  FROM generations AS r
  LEFT JOIN generations AS x ON x.side = 'sender'
  WHERE r.side = 'receiver' GROUP BY r.stream
),
shared AS (
  SELECT DISTINCT a.stream, b.stream AS other
  FROM receipts AS a
  JOIN receipts AS b
    ON b.event_uuid = a.event_uuid AND b.stream <> a.stream AND COALESCE(b.path = a.path, TRUE)
  WHERE sampled(a.event_uuid, (SELECT COUNT(*) FROM receipts))
),
-- Logs of work that waited in a queue: their lines lag the more, the longer the queue was. That is
-- no clock of its own where a log that tells of requests at once has one that fits its earliest.
late AS (
  SELECT DISTINCT l.stream
  FROM clock_medians AS l JOIN shared AS s ON s.stream = l.stream
  JOIN clock_medians AS e ON e.stream = s.other AND e.method = 'pairs' AND e.day IS NULL
  WHERE l.method = 'pairs' AND l.day IS NULL
    AND 4 * e.mad_ms < l.mad_ms AND l.early_ms > e.offset_ms - 4 * e.mad_ms
    AND l.early_ms - e.offset_ms < l.mad_ms
),
stream_paths AS (
  SELECT DISTINCT stream, path FROM receipts WHERE path IS NOT NULL
),
donors AS (
  SELECT
    w.stream, m.stream AS donor, m.method,
    ROW_NUMBER() OVER (
      PARTITION BY w.stream
      ORDER BY m.method, MAX(CASE WHEN d.path = o.path THEN 1 ELSE 0 END) DESC,
        MAX(m.pairs) DESC, m.stream
    ) AS place
  FROM streams AS w
  JOIN clock_medians AS m
    ON m.method = 'pairs' OR w.stream NOT IN (SELECT stream FROM clock_medians)
  LEFT JOIN stream_paths AS o ON o.stream = w.stream
  LEFT JOIN stream_paths AS d ON d.stream = m.stream AND d.path = o.path
  WHERE m.day IS NULL AND m.stream NOT IN (FROM late)
    AND (w.stream = m.stream OR w.stream IN (FROM late)
      OR w.stream NOT IN (SELECT stream FROM clock_medians WHERE method = 'pairs'))
  GROUP BY w.stream, m.stream, m.method
),
measured AS (
  SELECT
    w.stream, w.resolution_ms, m.day, m.offset_ms, m.pairs,
    CASE m.method WHEN 'times' THEN 10000 ELSE m.reach_ms END AS reach_ms,
    CASE
      WHEN m.stream IS NULL THEN 'assumed'
      WHEN m.stream <> w.stream THEN 'other_streams'
      WHEN m.day IS NULL THEN 'pooled_median'
      ELSE 'daily_median'
    END AS method,
    CASE
      WHEN m.stream IS NULL THEN s.tolerance_seconds * 1000
      ELSE GREATEST(1.4826 * m.mad_ms, w.resolution_ms)
    END AS margin_ms,
    m.zone_error_minutes
  FROM streams AS w
  CROSS JOIN settings AS s
  LEFT JOIN donors AS d ON d.stream = w.stream AND d.place = 1
  LEFT JOIN clock_medians AS m ON m.stream = d.donor AND m.method = d.method
),
-- A clock of its own: the times of its lines agree with no other log's clock.
shifted AS (
  SELECT
    w.stream, w.resolution_ms, t.offset_ms, t.pairs,
    CAST(ROUND(t.offset_ms / 900000) AS INTEGER) AS quarters
  FROM streams AS w JOIN clock_medians AS t ON t.stream = w.stream AND t.method = 'times'
  WHERE NOT EXISTS (
    SELECT 1 FROM measured AS m
    WHERE m.stream = w.stream AND m.day IS NULL AND m.method <> 'assumed'
      AND ABS(m.offset_ms - t.offset_ms) <= 10000
  )
)
SELECT
  m.stream, m.day, COALESCE(m.offset_ms, 0) AS offset_ms,
  COALESCE(m.offset_ms, 0) - m.margin_ms AS low_ms,
  COALESCE(m.offset_ms, 0) + m.margin_ms AS high_ms,
  CASE
    WHEN COALESCE(m.pairs, 0) < 20 THEN s.tolerance_seconds * 1000
    ELSE LEAST(
      -- Another log's clock may be off by what the times alone would not show: see shifted.
      GREATEST(CASE WHEN m.method = 'other_streams' AND m.stream NOT IN (FROM late) THEN 10000
        ELSE 2000 END, 2 * m.resolution_ms, COALESCE(m.reach_ms, 0)), s.tolerance_seconds * 1000
    )
  END AS tolerance_ms, COALESCE(m.pairs, 0) AS pairs, m.method,
  m.zone_error_minutes
FROM measured AS m
CROSS JOIN settings AS s
WHERE m.stream NOT IN (SELECT stream FROM shifted)
UNION ALL
SELECT
  h.stream, NULL, h.offset_ms, h.offset_ms - GREATEST(3000, h.resolution_ms),
  h.offset_ms + GREATEST(3000, h.resolution_ms),
  LEAST(GREATEST(10000, 2 * h.resolution_ms), s.tolerance_seconds * 1000), h.pairs, 'times',
  CASE WHEN h.quarters <> 0 AND ABS(h.offset_ms - h.quarters * 900000) <= 120000
    THEN h.quarters * 15 END
FROM shifted AS h
CROSS JOIN settings AS s
