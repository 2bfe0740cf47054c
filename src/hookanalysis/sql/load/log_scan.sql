/* log_scan: the records of a receiver's log with their time, and whether they may be a webhook.
   grain:  one record of `chunk`
   inputs: {{source}}: line, byte_offset, record (unwrapped), outer_time; {{opened}} (an object's
           keys of times and messages), {{time}}, {{day}} and {{said}} (its time, date and message,
           over `opened` and `met`), {{own}} and {{otherwise}} (times by the patterns of the
           user's own formats, {{owned}}: are there any?, and of others), {{hook}} (may it be a webhook?), {{quiet}} (a format says that such lines
           are no requests, unless they name an event themselves), {{aside}} (such objects are none), {{told}} (lines that a format
           passes over), {{trace}} (a line of a stack trace), {{chatter}} (may it be a line without
           a time that belongs to the one before it?), {{tag}} (the id of a line) and {{line_at}} (its
           time, or that of the line of its id before it), {{objects}} (are there any in the log?)

   A line without a time is rejected only where it may tell of a webhook, or where all lines must
   have a time. */
WITH taken AS (
  SELECT
    line, byte_offset, record, outer_time,
    CASE WHEN starts_with(record, '{') THEN coalesce(TRY(json_keys(record)), []) END AS met,
    NOT regexp_matches(record, '[^ \t\n\r]') AS blank
  FROM ({{source}})
  WHERE record IS NOT NULL
),
opened_up AS (
  SELECT
    *,
    CASE WHEN len(met) > 0 THEN TRY({{opened}}) END AS opened,
    CASE WHEN met IS NULL THEN dated_time(record) END AS dated
  FROM taken
),
timed AS (
  SELECT
    *,
    CASE
      WHEN blank THEN NULL
      -- A coalesce asks all that it may come to.
      WHEN dated IS NOT NULL AND NOT {{owned}} THEN coalesce(zoned_time(record, dated), dated)
      WHEN len(met) = 0 THEN coalesce({{own}}NULL)
      WHEN met IS NULL THEN coalesce({{own}}dated, undated_time(record), {{otherwise}}NULL)
      -- Beside a whole line with a time of its own, a shipper tells when it read that.
      WHEN {{time}} IS NOT NULL THEN coalesce(begun_time({{said}}), {{time}})
      ELSE line_time({{said}})
    END AS told_time,
    {{day}} AS told_day,
    {{hook}} AS may_be
  FROM opened_up
),
spoken AS (
  SELECT
    *,
    CASE WHEN met IS NULL AND strpos(record, told_time) > 30
      THEN speaks_of_time(left(record, strpos(record, told_time) - 1), NOT may_be)
      ELSE FALSE END AS speaks
  FROM timed
),
tagged AS (
  SELECT
    *,
    -- A clock beside a date; in the fields of W3C logs both are UTC.
    CASE
      WHEN speaks THEN NULL
      WHEN starts_with(told_time, '[') THEN trim(told_time, '[]')
      WHEN strlen(told_time) > 15 THEN told_time
      WHEN regexp_full_match(told_time, '\d{1,2}:\d\d:\d\d(?:\.\d+)?')
        THEN told_day || 'T' || told_time || CASE WHEN list_contains(met, 'cs-method') THEN 'Z' ELSE '' END
      ELSE told_time
    END AS own_time,
    {{tag}} AS tag
  FROM spoken
),
carried AS (
  SELECT *, {{line_at}} AS line_at FROM tagged
)
SELECT
  line, byte_offset, 0 AS part, record, outer_time,
  coalesce(line_at, outer_time) AS time_text,
  CASE WHEN met IS NULL THEN strpos(record, line_at) END AS place,
  may_be AND NOT ({{aside}}) AS hook,
  CASE
    WHEN blank THEN 'ignored'
    WHEN met = [] AND line_at IS NULL AND {{objects}} THEN 'not_json'
    WHEN {{quiet}} THEN 'ignored'
    WHEN (contains(record, 'ssages') OR contains(record, 'ropp') OR contains(record, 'iscard') OR contains(record, ' space left '))
      AND says_lost(record)
      THEN 'suppressed'
    WHEN may_be AND (list_unique(met) < len(met) OR len(met) > 0 AND (contains(record, ':{') OR contains(record, ': {')))
      AND TRY(says_both(record)) THEN 'duplicate_key'
    -- What follows is asked of the lines without a time only.
    WHEN own_time IS NOT NULL THEN NULL
    WHEN line_at IS NULL AND ({{told}}) THEN 'ignored'
    WHEN line_at IS NULL AND outer_time IS NULL AND (
      (speaks AND NOT may_be)
      -- AWS Lambda's own lines about a run, where nothing tells their time.
      OR regexp_matches(record, '^(?:START|END|REPORT|INIT_START|INIT_REPORT) (?:RequestId: |Runtime )')
    ) THEN 'ignored'
    WHEN line_at IS NULL AND outer_time IS NULL AND {{trace}} AND tag IS NULL THEN 'ignored'
    WHEN {{trace}} AND NOT may_be THEN 'ignored'
    WHEN line_at IS NULL AND outer_time IS NULL
      THEN CASE WHEN {{chatter}} AND NOT may_be THEN 'ignored' ELSE 'no_time' END
  END AS misfit
FROM carried
