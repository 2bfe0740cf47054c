/* bare_uuids: every uuid in {{text}}, named or not; lower case, hyphenated, at most 32.
   grain:  an expression: a sorted list, NULL where there is none
   inputs: {{text}}

   Request ids, trace ids and the like are among them: which one is an event is known only when
   the sender's exports have told theirs. Written as 32 hex digits they count too. */
CASE
  WHEN NOT regexp_matches(
    {{text}}, '-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}'
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
    )
  ))), 1, 32), CAST([] AS VARCHAR[]))
END
