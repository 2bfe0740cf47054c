/* attempts: the rows of a sender's export as columns of attempt_records.
   grain:  one record
   inputs: {{texts}}: line, byte_offset, at, named_uuid and the format's fields as text, with the
           columns of times.sql for created_at

   The payload ends here: its hash, the names of its keys and three ids go on.
   row_hash is of the values, not of the text: the same row in another file has the same. */
WITH replied AS (
  SELECT
    *,
    -- The whole answer in one column: its status, headers and body as an object.
    CASE WHEN starts_with(response, '{') AND regexp_matches(response, '"(?:headers|body)"')
      THEN TRY(coalesce(
        json_extract_string(response, '$.status'), json_extract_string(response, '$.status_code'),
        json_extract_string(response, '$.statusCode')
      ))
    END AS reply
  FROM ({{texts}})
),
answered AS (
  SELECT
    *,
    CASE
      -- Some senders put a code of their own (502, 504, 0) where no answer came.
      WHEN regexp_matches(lower(status),
        '^[^0-9]*(?:time[sd]?[ _-]?out|failed to connect|could ?n.t|could not|unable to|refused|'
        'unreachable|reset|certificate|handshake|\bdns\b)[^0-9]*$') THEN NULL
      WHEN strlen(http_status) = 3 THEN TRY_CAST(http_status AS SMALLINT)
      ELSE TRY_CAST(coalesce(
        nullif(regexp_extract(coalesce(http_status, reply, status), '^(\d\d\d)(?:\D|$)', 1), ''),
        regexp_extract(error,
          '(?i)(?:http|status|response|returned)(?:[_ ]?(?:status|response|code))*(?: was|:|=)* ?"?([2-5]\d\d)\b', 1)
      ) AS SMALLINT)
    END AS answer,
    lower(status) AS word,
    -- A word may stand where the code of an answer belongs: timeout, connection_refused.
    concat_ws(' ',
      error,
      CASE
        WHEN regexp_full_match(http_status, '[^0-9]*[A-Za-z][^0-9]*')
          AND NOT regexp_full_match(http_status, '(?i)null|none|nil|n/?a|nan|pending')
          THEN http_status
      END,
      response
    ) AS said,
    CASE WHEN payload <> '' THEN TRY(json_extract_string(payload, [
      '$.data.transaction_id', '$.transaction_id', '$.id', '$.event_type', '$.type'
    ])) END AS told
  FROM replied
),
worded AS (
  SELECT
    *,
    CASE WHEN answer BETWEEN 100 AND 599 THEN answer END AS code,
    replace(lower(left(said, 1000)), '_', ' ') AS words,
    hidden(said) AS masked, coalesce(event_type, told[4], told[5]) AS told_type,
    coalesce(transaction_id, told[1], told[2], told[3]) AS told_id
  FROM answered
),
judged AS (
  SELECT
    *,
    CASE
      -- A body came from somebody; a sender's own words of an error are no page, and no object.
      WHEN code IS NULL AND error IS NULL AND regexp_matches(response, '^\s*(?:\{.*\w|\[\s*["{\[]|<\w)')
        AND NOT regexp_matches(response, '"(?:headers|body)"') THEN 'answered'
      WHEN code IS NULL AND words <> '' THEN error_kind(words)
      WHEN code BETWEEN 400 AND 499 AND contains(words, 'signature') THEN 'signature'
    END AS kind,
    attempt_status(word, code, words, attempted_at IS NOT NULL OR created_at IS NULL) AS verdict
  FROM worded
),
shaped AS (
  SELECT
    line, byte_offset, named_uuid AS event_uuid, verdict AS status, code AS http_status,
    CASE
      WHEN regexp_full_match(attempt_id, '[0-9A-Za-z_.:=+/-]{1,128}') THEN attempt_id
    END AS attempt_id,
    endpoint_name(endpoint_url) AS endpoint_url,
    CASE
      WHEN regexp_full_match(told_type, '[A-Za-z][0-9A-Za-z_.:-]{0,79}') THEN told_type
      ELSE scrub_but(event_type, '\S+', '\w+[_.:/-][\w.:/-]*|' || kept_words())
    END AS event_type,
    CASE WHEN regexp_full_match(told_id, '[0-9A-Za-z_.:-]{1,64}') THEN lower(told_id) END
      AS transaction_id,
    CASE WHEN micros BETWEEN 631152000000000 AND 4102444800000000 THEN make_timestamp(micros) END
      AS created_at,
    CASE WHEN attempted_at IS NOT NULL THEN "at" END AS attempted_at,
    CASE
      WHEN verdict = 'failed' THEN coalesce(kind, CASE WHEN code IS NULL THEN 'other' END)
    END AS error_kind,
    spoken(masked, kept_words()) AS response,
    coalesce(
      TRY_CAST(latency_ms AS DOUBLE),
      TRY_CAST(latency_s AS DOUBLE) * 1000,
      TRY_CAST(regexp_extract(latency, '^([\d.]+) ?m?s$', 1) AS DOUBLE)
      * CASE WHEN contains(latency, 'ms') THEN 1 ELSE 1000 END
    ) AS spent_ms,
    CASE WHEN payload <> '' THEN left(sha256(payload), 32) END AS payload_hash,
    CASE WHEN payload <> '' THEN nullif(array_to_string(list_filter(list_sort(list_concat(
      TRY(json_keys(payload)),
      list_transform(TRY(json_keys(payload, '$.data')), lambda name: 'data.' || name)
    )), lambda name: regexp_full_match(name, '[A-Za-z_.-]{0,60}(?:[0-9][A-Za-z_.-]{0,20}){0,3}')
      AND NOT CASE WHEN strlen(name) > 15 THEN is_secret(name) ELSE FALSE END), ','), '') END AS payload_keys,
    signature_head(signature, '^\s*|') AS signature_head
  FROM judged
)
SELECT
  line, byte_offset, attempt_id, event_uuid, endpoint_url, event_type, transaction_id, created_at,
  attempted_at, status, http_status, error_kind, response,
  CASE WHEN spent_ms BETWEEN 0 AND 86400000 THEN spent_ms END AS latency_ms,
  payload_hash, payload_keys, signature_head,
  CASE WHEN attempt_id IS NULL THEN md5_number_lower(concat_ws(chr(31),
    event_uuid, coalesce(endpoint_url, ''), coalesce(event_type, ''),
    coalesce(epoch_us(created_at), 0), coalesce(epoch_us(attempted_at), 0), status,
    coalesce(http_status, 0), coalesce(response, ''), coalesce(payload_hash, '')
  )) END AS row_hash
FROM shaped
