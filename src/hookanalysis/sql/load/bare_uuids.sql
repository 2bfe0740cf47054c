/* bare_uuids: everything in {{text}} that may be the id of an event: every uuid, named or not
               (lower case, hyphenated), every id of a known sender's form, and what a key such as
               event_id names; at most 32.
   grain:  an expression: a sorted list, NULL where there is none
   inputs: {{text}}; {{ids}}: pattern of the senders' ids that are no uuids

   Request ids, trace ids and the like are among them: which one is an event is known only when
   the sender's exports have told theirs. Uuids written as 32 hex digits count too. A number is
   taken only from a key that names an event: webhook_id mostly names an endpoint. */
CASE
  WHEN NOT regexp_matches(
    {{text}},
    '-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|{{ids}}|'
    '(?i:(?:event|webhook|message|msg)[_.\s-]?id|idempotency[_.\s-]?key)'
  ) THEN CAST(NULL AS VARCHAR[])
  ELSE nullif(list_slice(list_sort(list_distinct(list_concat(
    list_filter(
      regexp_extract_all(
        lower({{text}}),
        '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[0-9a-z_]*'
      ),
      lambda u: strlen(u) = 36
    ),
    list_transform(
      list_filter(
        regexp_extract_all(
          regexp_replace(
            lower({{text}}), '\\+x[0-9a-f]{2}|\\+u00[0-9a-f]{2}|[%#]2[0-9a-f]', ' ', 'g'
          ),
          '[0-9a-z_-]{32,}'
        ),
        lambda u: regexp_full_match(u, '[0-9a-f]{32}')
      ),
      lambda u: concat_ws('-', u[1:8], u[9:12], u[13:16], u[17:20], u[21:32])
    ),
    list_filter(
      regexp_extract_all(
        {{text}},
        '(?:^|[^0-9A-Za-z_-]|\\+x[0-9a-fA-F]{2}|\\+u00[0-9a-fA-F]{2}|[%#]2[0-9a-fA-F]|\\+[nrt])'
        '((?:{{ids}})[0-9A-Za-z_-]*)',
        1
      ),
      lambda u: regexp_full_match(u, '{{ids}}')
    ),
    list_filter(
      regexp_extract_all(
        {{text}},
        '(?i)(?:(?:event|message|msg)[_.\s-]?id|idempotency[_.\s-]?key)'
        '(?:["''\\]|\\*x22|\\*u0022)*\s*(?:=>|[:=])\s*(?:["''\\]|\\*x22|\\*u0022)*'
        '([0-9a-z][0-9a-z_.-]{3,127})(?:[^0-9a-z_.:=+/-]|$)',
        1
      ) || regexp_extract_all(
        {{text}},
        '(?i)webhook[_.\s-]?id'
        '(?:["''\\]|\\*x22|\\*u0022)*\s*(?:=>|[:=])\s*(?:["''\\]|\\*x22|\\*u0022)*'
        '([a-z][0-9a-z_.-]{3,127})(?:[^0-9a-z_.:=+/-]|$)',
        1
      ),
      -- Uuids are among those above, in their own spelling.
      lambda u: NOT regexp_full_match(u, '(?i)[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}')
    )
  ))), 1, 32), CAST([] AS VARCHAR[]))
END
