/* log_fields: all texts of the kept records of a receiver's log (sql/load/receipts.sql).
   grain:  one record and event, as in named.sql
   inputs: {{source}}: line, byte_offset, at, record, uuids, event_uuid; {{shapes}} (lists of keys
           that are common in the file), {{opened}} (those keys, taken out in one pass), {{paths}}
           (of all names, for objects with other keys), {{kind}} (the format that an object fits,
           over `met`), {{retold}} (does it tell a request again?), {{object_texts}} (what objects say); {{groups}} (what the patterns of the
           formats of lines find in `text`), {{which}} (the first that fits), {{showing}} (those that
           read the request themselves: the scanner need not), {{texts}} (each text,
           of what the object, the format and the scanner tell), {{paired}} (do columns pair
           seconds?), {{lead}} (pattern of what stands between the time and the message) */
WITH keyed AS (
  SELECT
    *,
    CASE WHEN starts_with(record, '{') THEN TRY(json_keys(record)) END AS met,
    contains(record, ':{') OR contains(record, ': {') AS nested
  FROM ({{source}})
),
opened_up AS (
  SELECT
    *,
    CASE WHEN len(met) > 0 THEN TRY({{opened}}) END AS opened,
    CAST(to_json(met) AS VARCHAR) IN ({{shapes}}) AS usual,
    {{kind}} AS kind, {{retold}} AS retold
  FROM keyed
),
reached AS (
  SELECT
    *,
    CASE WHEN NOT usual THEN TRY(json_extract_string(record, [{{paths}}])) END AS rest,
    list_transform(rest, lambda x: CASE WHEN NOT starts_with(x, '{') THEN x END) AS plain_rest
  FROM opened_up
),
said AS (
  SELECT line, byte_offset, "at", record, uuids, event_uuid, met, kind, retold, {{object_texts}}
  FROM reached
),
texts AS (
  SELECT
    *,
    unended(CASE WHEN coalesce(len(met), 0) = 0 THEN record ELSE o_message END) AS text
  FROM said
),
matched AS (
  SELECT *{{groups}} FROM texts
),
chosen AS (
  SELECT *, {{which}} AS which, coalesce(which IN ({{showing}}), FALSE) AS shows FROM matched
),
heard AS (
  SELECT
    *,
    CASE WHEN NOT shows THEN quotes_request(text) ELSE FALSE END AS quoted,
    CASE WHEN NOT shows AND met IS NULL THEN line_time(text) END AS begun
  FROM chosen
),
seen AS (
  SELECT *, CASE WHEN NOT shows AND NOT quoted THEN scan_request(text) END AS shown FROM heard
),
checked AS (
  SELECT
    *,
    CASE
      WHEN shown.method = '' THEN NULL
      -- A URL is what a program asks for, unless the line is a server's.
      WHEN starts_with(shown.target, 'http') AND NOT regexp_matches(text, '\sHTTP/|[|\t](?:\d+\.){3}\d+[|\t][A-Z]+[|\t]') THEN NULL
      ELSE shown.method
    END AS line_method,
    CASE
      WHEN shows THEN NULL
      WHEN regexp_matches(text, 'ethod|ETHOD|\bverb=') THEN named_method(text)
    END AS told_method
  FROM seen
),
settled AS (
  SELECT
    *,
    coalesce(line_method, CASE WHEN o_method IS NULL THEN told_method END) AS seen_method,
    CASE
      WHEN line_method IS NULL AND told_method IS NULL THEN NULL
      ELSE regexp_replace(
        CASE WHEN line_method IS NULL THEN named_target(text) ELSE shown.target END,
        '[.,:;)\]}]+$', '')
    END AS seen_target,
    CASE
      WHEN line_method IS NOT NULL AND concat(shown.early, shown.status) <> ''
        THEN known_status(coalesce(nullif(shown.early, ''), shown.status))
      WHEN line_method IS NOT NULL AND aside_status(text) <> '' THEN known_status(aside_status(text))
      WHEN NOT shows AND NOT quoted THEN known_status(named_status(text))
    END AS seen_status,
    CASE
      WHEN shows THEN NULL
      WHEN met IS NULL OR line_method IS NOT NULL THEN scan_address(text)
    END AS seen_source_ip,
    line_tag(text) AS seen_request_id,
    CASE WHEN met IS NULL THEN scan_level(text) END AS seen_level,
    CASE WHEN contains(text, 'vent') THEN regexp_extract_all(
      text, '(?i)\bevent_?type"?[=:\s">]+([a-z][\w.]*)', 1)[1] END AS seen_event_type,
    CASE
      WHEN shows OR begun IS NULL OR strpos(text, begun) > 60 THEN text
      ELSE regexp_replace(substring(text, strpos(text, begun) + length(begun)), {{lead}}, '')
    END AS seen_text
  FROM checked
),
measured AS (
  SELECT
    * REPLACE (
      -- A line that ends within the quotes of its path was cut: who knows how the path went on.
      CASE
        WHEN seen_target IS NULL OR NOT ends_with(rtrim(text, '.,:;)]}'), seen_target) THEN seen_target
        WHEN regexp_matches(replace(text, '\"', ''), '^[^"]*(?:"[^"]*"[^"]*)*"[^"]*$') THEN NULL
        ELSE seen_target
      END AS seen_target
    ),
    CASE WHEN NOT shows THEN named_duration(text) END AS named
  FROM settled
),
timed AS (
  SELECT
    *,
    message_first(seen_text) AS seen_message,
    CASE WHEN NOT shows THEN coalesce(
      nullif(named.n || lower(named.unit), ''),
      scan_duration(text),
      CASE WHEN seen_status IS NOT NULL AND line_method IS NOT NULL THEN coalesce(
        trailing_duration(text),
        CASE WHEN {{paired}} THEN first_of(text, '[|\t](\d+\.\d{3})[|\t](?:-|\d+\.\d{3})(?:[|\t]|$)') || 's' END
      ) END
    ) END AS seen_duration
  FROM measured
)
SELECT line, byte_offset, "at", record, uuids, event_uuid, {{texts}}
FROM timed
