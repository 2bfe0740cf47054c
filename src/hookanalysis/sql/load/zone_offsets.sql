/* zone_offsets: clock_offsets, measured roughly on what is loaded, before anything is reconciled.
   grain:  one stream of which three or more lines name an exported event
   inputs: attempt_records, receipt_records, generations

   Of more than 100,000 attempts a sixteenth is enough: the events whose uuid ends in 0. */
WITH tried AS (
  SELECT event_uuid, MIN(attempted_at) AS attempted_at
  FROM attempt_records WHERE attempted_at IS NOT NULL AND RIGHT(event_uuid, 1) <= (
    SELECT CASE WHEN COUNT(*) > 100000 THEN '0' ELSE '~' END FROM attempt_records
  )
  GROUP BY event_uuid HAVING MIN(attempted_at) = MAX(attempted_at)
),
arrived AS (
  SELECT g.stream, r.event_uuid, MIN(r.logged_at) AS logged_at
  FROM receipt_records AS r JOIN tried AS t ON t.event_uuid = r.event_uuid
  JOIN generations AS g ON g.generation_id = r.generation_id
  GROUP BY g.stream, r.event_uuid
),
medians AS (
  SELECT
    a.stream, COUNT(*) AS pairs,
    MEDIAN(DATE_DIFF('microsecond', t.attempted_at, a.logged_at) / 1000.0) AS offset_ms
  FROM arrived AS a JOIN tried AS t ON t.event_uuid = a.event_uuid
  GROUP BY a.stream
)
SELECT
  stream, CAST(NULL AS DATE) AS day, pairs, 'pooled_median' AS method,
  CASE
    WHEN ABS(offset_ms) > 450000 AND ABS(offset_ms - ROUND(offset_ms / 900000) * 900000) <= 60000
      THEN CAST(ROUND(offset_ms / 900000) * 15 AS INTEGER)
  END AS zone_error_minutes
FROM medians
WHERE pairs >= 3
