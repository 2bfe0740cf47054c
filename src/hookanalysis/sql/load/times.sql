/* times: the rows of a relation, with the moment that their column {{time}} names.
   grain:  one row of {{relation}}
   inputs: {{relation}}, {{newest}} (when the file was last written: tells the year of a time
           that names none), {{day_first}} (order of 3/4/2026: true, false, or NULL: unknown, no time),
           {{in_zone}} (micros of local_at in the file's zone; NULL where it has none),
           {{in_zone_later}} (its second reading, where the clock of the zone showed it twice),
           {{line_zone}} (the zone that a line names, where lines of the file do)

   micros: microseconds since 1970, UTC; zoned: the text names its zone itself; local_at: what the
   clock on the wall showed. Forms are listed, nothing is guessed. The unit of an epoch number is
   told by its digits. Abbreviations of zones are read by the table below, never by the database,
   which takes BST for Dhaka; those with several meanings (IST, BST, …) count as no zone. */
WITH plain AS (
  SELECT *, zoned_micros({{time}}) AS plain_micros FROM {{relation}}
),
-- The rest: without names of weekdays and (zones), commas, or T; months and years in one order.
trimmed AS (
  SELECT
    *,
    CASE WHEN plain_micros IS NULL THEN regexp_replace(regexp_replace(regexp_replace(
      left(trim({{time}}), 80),
      '\s*[\[(][^\])]*[\])]$', ''),
      '(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? ', ''),
      '(:\d\d)(?:,(\d)|:(\d{3})$)', '\1.\2\3')
    END AS trimmed,
    {{line_zone}} AS line_zone
  FROM plain
),
parted AS (
  SELECT
    *,
    upper(regexp_extract(
      trimmed,
      '(?i):\d\d(?:\.\d+)?(?: ?[ap]\.?m\.?)? ?'
      '([a-z]{1,5}|(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?)(?: \d{4})?$',
      1
    )) AS zone,
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
      regexp_replace(regexp_replace(
        -- JavaScript's own text of a time, with its comma and AM or PM, names the month first.
        CASE WHEN {{day_first}} IS NULL AND line_zone IS NULL THEN regexp_replace(
          trimmed, '^(\d{1,2})/(\d{1,2})/(\d{4}), (\d{1,2}:\d\d:\d\d).([AP]M)$', '\3-\1-\2 \4 \5')
          WHEN line_zone IS NULL THEN trimmed
          ELSE regexp_replace(trimmed, ' [A-Z]\S+$', '') END,
        '(?i)(:\d\d(?:\.\d{1,6})?)\d*( ?[ap]\.?m\.?)? ?'
        '(?:[b-oq-z][a-z]{0,4}|[ap][a-ln-z][a-z]{0,3}|'
        '(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?)?( \d{4})?$', '\1\2\3'),
      '(?i) ?([ap])\.?m\.?$', ' \1M'),
      '[\s,@]+', ' ', 'g'),
      '^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?: - |[T ])', '\1-\2-\3 '),
      '^(\d\d)(\d\d)(\d\d) (\d)', '20\1-\2-\3 \4'),
      '^(\d{1,2})[/ -]([A-Za-z]{3})[a-z]*[/ -](\d{4})[: ]', '\3-\2-\1 '),
      '^([A-Za-z]{3})[a-z]* (\d{1,2}) (?:(\d{4})( .*)|(\d.*) (\d{4}))$', '\3\6-\1-\2 \4\5'),
      '^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}) ',
      CASE
        WHEN {{day_first}} THEN '\3-\2-\1 ' WHEN NOT {{day_first}} THEN '\3-\1-\2 ' ELSE '? '
      END
    ) AS tidy
  FROM trimmed
),
dated AS (
  SELECT
    *,
    -- Syslog's, and Kubernetes' (I1122 for the 22nd of November).
    regexp_full_match(tidy, '(?:[A-Z][a-z]{2} +\d{1,2}|[IWEF]\d{4}) \d{1,2}:.*') AS yearless,
    CASE WHEN yearless THEN year({{newest}}) || '-' || regexp_replace(
      regexp_replace(tidy, '^[IWEF](\d\d)(\d\d) ', '\1-\2 '), '^([A-Z]\w+) +(\d+) ', '\1-\2 '
    ) ELSE tidy END AS whole
  FROM parted
),
shown AS (
  SELECT
    *,
    coalesce(
      TRY_CAST(CASE WHEN regexp_full_match(
        whole, '\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?'
      ) THEN whole END AS TIMESTAMP),
      try_strptime(regexp_replace(whole, ' +', ' ', 'g'), [
        '%Y-%b-%d %H:%M:%S', '%Y-%b-%d %H:%M:%S.%f', '%Y-%b-%d %H:%M',
        '%Y-%b-%d %I:%M:%S %p', '%Y-%b-%d %I:%M %p',
        '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M:%S.%f %p', '%Y-%m-%d %I:%M %p'
      ])
    ) AS shown_at,
    CASE
      WHEN zone IN ('Z', 'UTC', 'GMT', 'UT') THEN 0
      WHEN regexp_full_match(zone, '(?:UTC|GMT)?[+-].*') THEN
        CASE WHEN contains(zone, '-') THEN -1 ELSE 1 END * (
          60 * CAST(regexp_extract(zone, '[+-](\d\d)', 1) AS INTEGER)
          + coalesce(TRY_CAST(regexp_extract(zone, '[+-]\d\d:?(\d\d)', 1) AS INTEGER), 0)
        )
      ELSE 60 * CASE zone
        WHEN 'HST' THEN -10 WHEN 'AKST' THEN -9 WHEN 'AKDT' THEN -8
        WHEN 'PST' THEN -8 WHEN 'PDT' THEN -7 WHEN 'MST' THEN -7 WHEN 'MDT' THEN -6
        WHEN 'CST' THEN -6 WHEN 'CDT' THEN -5 WHEN 'EST' THEN -5 WHEN 'EDT' THEN -4
        WHEN 'WET' THEN 0 WHEN 'WEST' THEN 1 WHEN 'CET' THEN 1 WHEN 'CEST' THEN 2
        WHEN 'EET' THEN 2 WHEN 'EEST' THEN 3 WHEN 'JST' THEN 9 WHEN 'AEST' THEN 10
        WHEN 'AEDT' THEN 11 WHEN 'NZST' THEN 12 WHEN 'NZDT' THEN 13
      END
    END AS zone_minutes
  FROM dated
),
read AS (
  SELECT
    *,
    CASE
      WHEN yearless AND shown_at > {{newest}} + INTERVAL 1 DAY THEN shown_at - INTERVAL 1 YEAR
      ELSE shown_at
    END AS local_at
  FROM shown
)
SELECT
  * EXCLUDE (plain_micros, trimmed, line_zone, zone, tidy, yearless, whole, shown_at, zone_minutes),
  coalesce(
    plain_micros, epoch_us(local_at) - CAST(zone_minutes AS BIGINT) * 60000000, {{in_zone}}
  ) AS micros,
  CASE WHEN plain_micros IS NULL THEN {{in_zone_later}} END AS later_micros,
  plain_micros IS NOT NULL OR zone_minutes IS NOT NULL OR line_zone IS NOT NULL AS zoned
FROM read
