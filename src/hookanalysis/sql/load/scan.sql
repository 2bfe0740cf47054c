/* scan: what becomes of each record: kept, only counted, ignored, or rejected with its reason.
   grain:  one record of `chunk`
   inputs: {{records}}: line, byte_offset, part, record, time_text, and misfit (a reason code,
           'ignored', or NULL where the record fits its format), with the columns of times.sql;
           {{silent}} (do lines that fit tell of no request?), {{hook}} (may it be a webhook?),
           {{raised}} (does an ignored record name an exception?),
           {{zone_given}} (has the file a zone for its times?)

   later_at: the second reading of a local time that the clock showed twice; "at" is the first. */
WITH timed AS (
  SELECT
    line, byte_offset, part, record, misfit, zoned, micros, later_micros, local_at,
    -- Outside of 2015 to 2100 no webhook was logged: it is a misread number, or a clock not set.
    coalesce(micros, epoch_us(local_at)) BETWEEN 1420070400000000 AND 4102444800000000 AS plausible
  FROM ({{records}})
),
judged AS (
  SELECT
    *,
    CASE
      WHEN misfit IS NOT NULL THEN misfit
      WHEN plausible IS NOT TRUE THEN 'bad_time'
      -- A local time that the clock of the zone never showed.
      WHEN micros IS NULL AND {{zone_given}} THEN 'clock_change'
    END AS misfit_or_time
  FROM timed
),
sorted AS (
  SELECT
    *,
    CASE
      WHEN misfit_or_time = 'ignored' OR (misfit IS NULL AND {{silent}}) THEN 'ignore'
      WHEN misfit_or_time IS NOT NULL THEN 'reject'
      WHEN {{hook}} THEN 'keep'
      ELSE 'count'
    END AS verdict
  FROM judged
)
SELECT
  line,
  byte_offset,
  part,
  CASE WHEN verdict IN ('keep', 'count') THEN make_timestamp(micros) END AS at,
  CASE WHEN verdict IN ('keep', 'count') THEN make_timestamp(later_micros) END AS later_at,
  CASE WHEN verdict IN ('keep', 'count') THEN zoned END AS zoned,
  verdict,
  CASE WHEN verdict = 'reject' THEN misfit_or_time END AS reason,
  CASE
    WHEN verdict IN ('keep', 'reject') OR (verdict = 'ignore' AND {{raised}}) THEN record
  END AS record
FROM sorted
