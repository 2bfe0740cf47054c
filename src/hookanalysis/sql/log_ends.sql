/* log_ends: from when to when each log of the receiver reaches, and what would make it longer.
   grain:  one stream
   inputs: stream_spans, log_holes

   The reasons are a code, a colon, and words. A file whose end is damaged held more than could be
   read of it. */
WITH reaches AS (
  SELECT
    stream, MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at,
    MIN(logged_from) AS logged_from, MAX(logged_until) AS logged_until
  FROM stream_spans
  GROUP BY stream
)
SELECT
  r.stream,
  r.starts_at,
  r.ends_at,
  'before_first_log: stream ' || r.stream || ' begins '
    || SUBSTRING(CAST(r.logged_from AS VARCHAR), 1, 16) || ' UTC; load its earlier file'
    AS begins_reason,
  CASE
    WHEN EXISTS (
      SELECT 1 FROM log_holes AS h
      WHERE h.stream = r.stream AND h.reason = 'truncated' AND h.ends_at >= r.logged_until
    ) THEN 'truncated: stream ' || r.stream || ' is cut off at '
      || SUBSTRING(CAST(r.logged_until AS VARCHAR), 1, 16) || ' UTC; load the whole file'
    ELSE 'after_last_log: stream ' || r.stream || ' ends '
      || SUBSTRING(CAST(r.logged_until AS VARCHAR), 1, 16) || ' UTC; load its next file'
  END AS ends_reason
FROM reaches AS r
