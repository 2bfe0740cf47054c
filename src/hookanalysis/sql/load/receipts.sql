/* receipts: the kept lines of a receiver's log as columns of receipt_records.
   grain:  one line; a line that names several events (a batch) gives one row for each of them
   inputs: {{ids}} (pattern of the senders' ids that are no uuids), {{texts}}: line, byte_offset, at, record, the format's fields as text, and what
           named.sql found: event_uuid, uuids

   The further rows of a batch point to their own place in it, so that byte_offset stays unique. */
WITH addressed AS (
  SELECT
    *,
    coalesce(method, string_split(request, ' ')[1]) AS verb,
    -- A request may be told as its path alone, or with its query apart.
    coalesce(target, CASE WHEN starts_with(request, '/') THEN request END,
      string_split(request, ' ')[2]) || CASE
        WHEN query IS NULL OR query = '-' OR starts_with(query, '{') OR contains(target, '?') THEN ''
        ELSE '?' || ltrim(query, '?')
      END AS url,
    CASE
      WHEN source_ip IS NULL OR contains(source_ip, ',') THEN NULL
      WHEN regexp_full_match(source_ip, '\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}') THEN source_ip
      ELSE nullif(regexp_replace(regexp_extract(
        source_ip, '^\[?((?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)', 1
      ), '^::ffff:', ''), '')
    END AS peer,
    regexp_extract_all(
      coalesce(forwarded_for, CASE WHEN contains(source_ip, ',') THEN source_ip END),
      '(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*'
    ) AS handed,
    list_filter(handed, lambda ip: NOT regexp_matches(ip, {{private_ip}})) AS forwarders,
    CASE WHEN len(handed) = 1 THEN handed[1] END AS lone,
    CASE WHEN upper(verb) IN ('POST', 'PUT') THEN agent_of(record) END AS client,
    left(message, 2000) AS said,
    exception AS raised_by,
    masked_path(CASE
      WHEN url IS NULL OR regexp_full_match(url, '/[0-9A-Za-z._~/-]*') THEN url
      ELSE regexp_extract(url, '^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*|[\w-]+(?:\.[\w-]+)+(?::\d+)?)?(/[^?#]*)', 1)
    END) AS location,
    coalesce(
      -- Of several the finest: seconds beside microseconds are only their whole part.
      round(TRY_CAST(duration_ns AS DOUBLE) / 1000000, 6),
      TRY_CAST(duration_us AS DOUBLE) / 1000,
      TRY_CAST(duration_ms AS DOUBLE),
      round(TRY_CAST(duration_s AS DOUBLE) * 1000, 6),
      -- A number without a unit says nothing: it is milliseconds here and seconds there.
      round(TRY_CAST(regexp_extract(
        regexp_replace(duration, '^PT([\d.]+)S$', '\1s'), '^([\d.]+) ?(?:[nuµm]?s|micros|millis|(?:micro|milli)?seconds?|m?secs?)$', 1
      ) AS DOUBLE)
      * CASE regexp_extract(duration, 'ns|[uµ]s|micro|m')
        WHEN 'ns' THEN 0.000001 WHEN 'm' THEN 1 WHEN '' THEN 1000 ELSE 0.001 END, 6)
    ) AS spent_ms
  FROM ({{texts}})
),
-- What texts say, asked once for each wording: the list of words that are kept is long.
wordings AS (
  SELECT
    *,
    -- One look for the words that step_of asks for: most lines have none of them.
    step_of(words, severity, regexp_matches(words,
      'signature|hmac|dupl|repl|seen|already|fail|err|exception|traceback|crash|abort|could|cannot|'
      'unable|reject|refuse|timed out|not |rolled|request|be |completed [1-5]'
    )) AS step
  FROM (
    SELECT
      *,
      -- Without names such as order.completed or hooks/failed: these say what it is about.
      regexp_replace(lower(
        CASE WHEN contains(lower(raised_by), 'signature') THEN concat_ws(': ', said, raises[1])
          ELSE said END
      ), '[\w-]+(?:[./][\w-]+)+', '…', 'g') AS words,
      level_of(regexp_replace(lower(level), 'level=|[^a-z0-9]', '', 'g')) AS severity,
      spoken(masked, kept_words()) AS kept_text,
      CASE WHEN len(raises) > 0
        THEN list_transform([raises[1], raises[-1]], lambda told: scrub(told)) END AS ends
    FROM (
      SELECT *, hidden(said) AS masked, regexp_extract_all(raised_by, raised(), 1) AS raises
      FROM (SELECT DISTINCT said, raised_by, level FROM addressed)
    )
  )
)
SELECT
  line,
  CASE
    WHEN len(uuids) > 1 AND event_uuid <> uuids[1]
      THEN byte_offset - 1
        + greatest(strpos(lower(record), event_uuid), list_position(uuids, event_uuid))
    ELSE byte_offset
  END AS byte_offset,
  event_uuid,
  CASE WHEN event_uuid IS NULL THEN bare_uuids(record, {{ids}}) END AS candidate_uuids,
  CASE
    WHEN regexp_full_match(transaction_id, '[0-9A-Za-z_.:-]{1,64}') THEN lower(transaction_id)
    WHEN contains(record, 'transaction_id') THEN lower(regexp_extract_all(
      record,
      'transaction_id(?:["''\\:= ]|x22|%22|u0022)*'
      '([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})',
      1
    )[1])
  END AS transaction_id,
  CASE
    WHEN regexp_full_match(event_type, '[A-Za-z][0-9A-Za-z_.:-]{0,79}') THEN event_type
    WHEN contains(record, 'invoice.') OR contains(record, 'webhook.test')
      THEN regexp_extract_all(record, 'invoice\.[a-z_]{3,20}|webhook\.test')[1]
  END AS event_type,
  "at" AS logged_at,
  CASE WHEN spent_ms BETWEEN 0 AND 86400000 THEN spent_ms END AS duration_ms,
  CASE WHEN regexp_full_match(upper(verb), '[A-Z]{3,10}') THEN upper(verb) END AS method,
  plain(location, 300) AS path,
  query_hashes(url)[1:32] AS query_hashes,
  CASE
    -- The client left before the answer: HAProxy's -1, CloudFront's 000, Caddy's 0 are nginx's 499.
    WHEN regexp_full_match(status, '\s*(?:-1|0+)\s*') AND verb IS NOT NULL THEN 499
    -- What never became a request was not answered.
    WHEN regexp_full_match(request, '-|\\x16.*') THEN NULL
    ELSE TRY_CAST(nullif(regexp_extract(status, '^\s*([1-5]\d\d)(?:\D|$)', 1), '') AS SMALLINT)
  END AS http_status,
  TRY_CAST(bytes AS BIGINT) AS response_bytes,
  CASE
    WHEN len(forwarders) > 0 AND (peer IS NULL OR regexp_matches(peer, {{private_ip}}))
      THEN forwarders[-1]
    ELSE coalesce(peer, lone)
  END AS source_ip,
  CASE WHEN client IS NOT NULL THEN hash(client) END AS agent,
  CASE
    WHEN regexp_full_match(request_id, '[0-9A-Za-z_.:=+/-]{1,128}') THEN request_id
  END AS request_id,
  w.severity AS level,
  w.step,
  nullif(kept_text, '') AS message,
  CASE WHEN ends[1] = ends[2] THEN ends[1] ELSE ends[1] || chr(10) || ends[2] END AS exception,
  CASE WHEN contains(record, 'ignature') OR contains(record, 'IGNATURE') THEN signature_head(record, '')
    END AS signature_head,
  hash(unended(record)) AS record_hash
FROM addressed AS a
JOIN wordings AS w
  ON w.said IS NOT DISTINCT FROM a.said
  AND w.raised_by IS NOT DISTINCT FROM a.raised_by
  AND w.level IS NOT DISTINCT FROM a.level
