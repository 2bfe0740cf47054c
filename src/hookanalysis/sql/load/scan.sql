/* scan: what becomes of each record: kept, only counted, ignored, or rejected with its reason.
   grain:  one record of `chunk`
   inputs: {{records}}: line, byte_offset, part, record, time_text, outer_time (a wrapper's), misfit
           (a reason code, 'ignored', 'untimed': kept without a time, or NULL), hook (may it be a
           webhook?), place (how far behind its beginning its time stands), with the columns of
           times.sql; {{raised}} (does an ignored record name an exception?),
           {{alarms}} (does it tell of an error that names nothing?),
           {{zone_given}} (has the file a zone for its times?)

   A wrapper's time counts where the record has none, none of a known zone, or one that stands far
   behind: what lies more than a day away is something that the line speaks of.
   later_at: the second reading of a local time that the clock showed twice; "at" is the first. */
WITH around AS (
  SELECT *, zoned_micros(outer_time) AS outer_micros FROM ({{records}})
),
chosen AS (
  SELECT
    *,
    outer_micros IS NOT NULL
      AND (
        micros IS NULL
        OR (place > 100 AND abs(micros - outer_micros) > 86400000000)
        -- `enqueued at …`: the time of something else.
        OR CASE WHEN place > 60 THEN regexp_matches(
          substring(record, place - 14, 14), '(?:(?:en)?queued|scheduled|created|due|expires) at $'
        ) ELSE FALSE END
        -- A sentence tells the second; who took it down tells more of the same.
        OR (place > 60 AND micros % 1000000 = 0 AND outer_micros - micros BETWEEN 1 AND 999999)
      ) AS by_wrapper
  FROM around
),
timed AS (
  SELECT
    line, byte_offset, part, record, misfit, hook,
    CASE WHEN by_wrapper THEN TRUE ELSE zoned END AS zoned,
    CASE WHEN by_wrapper THEN outer_micros ELSE micros END AS micros,
    CASE WHEN NOT by_wrapper THEN later_micros END AS later_micros,
    -- Outside of 1990 to 2100 it is a misread number, or a clock that was not set.
    CASE WHEN by_wrapper THEN outer_micros ELSE coalesce(micros, epoch_us(local_at)) END
      BETWEEN 631152000000000 AND 4102444800000000 AS plausible
  FROM chosen
),
judged AS (
  SELECT
    *,
    CASE
      WHEN misfit IS NOT NULL THEN misfit
      WHEN plausible IS NOT TRUE THEN 'bad_time'
      -- A local time that the clock of the zone never showed.
      WHEN micros IS NULL AND {{zone_given}} THEN 'clock_change'
    END AS misfit_or_time,
    CASE
      WHEN misfit_or_time = 'ignored' THEN 'ignore'
      WHEN misfit_or_time = 'untimed' THEN 'keep'
      WHEN misfit_or_time IS NOT NULL THEN 'reject'
      WHEN hook THEN 'keep'
      ELSE 'count'
    END AS verdict
  FROM timed
)
SELECT
  line, byte_offset, part,
  CASE WHEN verdict IN ('keep', 'count') THEN make_timestamp(micros) END AS at,
  CASE WHEN verdict IN ('keep', 'count') THEN make_timestamp(later_micros) END AS later_at,
  CASE WHEN verdict IN ('keep', 'count') AND plausible THEN zoned END AS zoned,
  verdict,
  CASE WHEN verdict IN ('keep', 'count') THEN {{alarms}} ELSE FALSE END AS alarm,
  CASE WHEN verdict = 'reject' THEN misfit_or_time END AS reason,
  CASE
    WHEN verdict IN ('keep', 'reject') OR (verdict = 'ignore' AND {{raised}}) THEN record
  END AS record
FROM judged
