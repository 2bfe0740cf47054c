/*---
id = "clock"
title = "The clocks of the two sides differ"
guide_step = "Viewing webhook event logs"
cause = "logs"
severity = "info"
place = 60
explain = """
The receiver's clock is seconds or more off the sender's, or it was set in between. Matching has
taken the difference out, so no verdict suffers; but whoever compares the two logs by eye looks at
the wrong lines."""
next_check = """
Let the server keep its time by NTP."""

[requires]
measured = "the difference was measured on at least five pairs of an attempt and a line"
large = "it is ten seconds or more, or changed by two and a half from one day to the next"

[against]
vague = "what was measured spreads wider than the difference itself"
---*/
WITH days AS (
  SELECT
    stream, day, offset_ms, pairs, high_ms - low_ms AS spread_ms,
    offset_ms - LAG(offset_ms) OVER (
      PARTITION BY stream ORDER BY day NULLS LAST, offset_ms NULLS LAST
    ) AS change_ms
  FROM clock_offsets
  WHERE method IN ('daily_median', 'pooled_median', 'times') AND zone_error_minutes IS NULL
),
ranges AS (
  SELECT
    stream, MAX(ABS(offset_ms)) AS off_ms, MIN(spread_ms) AS spread_ms, SUM(pairs) AS pairs, MIN(day) AS first_day,
    MAX(day) AS last_day,
    COALESCE(MAX(CASE WHEN day IS NOT NULL THEN ABS(change_ms) END), 0) AS step_ms
  FROM days
  GROUP BY stream
)
SELECT
  CAST(first_day AS TIMESTAMP) AS happened_at,
  CAST(last_day AS TIMESTAMP) + INTERVAL '1 day' AS ends_at,
  'stream=' || stream || ' off=' || CAST(ROUND(off_ms / 1000) AS BIGINT)
    || ' step=' || CAST(ROUND(step_ms / 1000) AS BIGINT) AS what,
  pairs >= 5 AS measured,
  spread_ms > GREATEST(off_ms, step_ms) AS vague
FROM ranges
WHERE off_ms >= 10000 OR step_ms >= 2500
