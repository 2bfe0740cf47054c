/* readings: which of its two readings a local time has, that the clock showed twice.
   grain:  one record of `scanned` whose time the order of the file decides
   inputs: scanned

   In a file in order of time, the clock is seen to fall back once in the hour that it shows twice:
   from there on the second reading holds (before it, in a file that begins with the newest). Where
   the fall is not seen, or the file is in no order, nothing is decided. */
WITH timed AS (
  SELECT
    byte_offset, "at", later_at,
    lag("at") OVER in_file AS earlier_at,
    lag(later_at) OVER in_file AS earlier_later_at,
    arg_min("at", byte_offset) OVER () <= arg_max("at", byte_offset) OVER () AS rising
  FROM scanned WHERE "at" IS NOT NULL
  WINDOW in_file AS (ORDER BY byte_offset)
),
steps AS (
  SELECT
    *, date_trunc('day', "at") AS day,
    later_at IS NOT NULL AND earlier_later_at IS NOT NULL AS within,
    CASE WHEN rising THEN earlier_at - "at" ELSE "at" - earlier_at END > INTERVAL 1 MINUTE
      AS steps_back
  FROM timed
),
counted AS (
  SELECT
    *,
    count(*) FILTER (steps_back AND within) OVER (PARTITION BY day) AS falls,
    count(*) FILTER (steps_back AND within) OVER (PARTITION BY day ORDER BY byte_offset) AS fallen,
    count(*) FILTER (steps_back AND NOT within) OVER () AS disorder
  FROM steps
)
SELECT byte_offset, CASE WHEN rising = (fallen > 0) THEN later_at ELSE "at" END AS moment
FROM counted
WHERE later_at IS NOT NULL AND falls = 1 AND disorder = 0
