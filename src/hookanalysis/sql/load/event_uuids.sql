/* event_uuids: the webhook_event_uuids that {{text}} names by their key; lower case, hyphenated.
   grain:  an expression: a sorted list, empty where there is none
   inputs: {{text}}, {{hint}} (can a key be in it?), {{key}} (pattern of the key)

   The key may stand at any depth of escaping: \x22 \u0022 \" #22 %22 &quot; and terminal colours
   count as separators. It may not be the end of a longer name (previous_…). Between key and value
   stand separators only, never a word or another key. The value may be glued to an escape on its
   left (\x2206d5…), but not be the beginning of a longer word. RE2 has no look-around: the
   tail of the word is taken along, and such a value is then too long. */
CASE
  WHEN NOT ({{hint}}) THEN CAST([] AS VARCHAR[])
  ELSE list_sort(list_distinct(list_transform(
    list_filter(
      regexp_extract_all(
        {{text}},
        '(?i)(?:^|[^0-9a-z_-]|\\+x[0-9a-f]{2}|\\+u00[0-9a-f]{2}|[%#][0-9a-f]{2}|'
        '\[[0-9;]*m|\\+[nrt])'
        '(?:x-)?{{key}}'
        '(?:'
          '(?:["''`\\()\[\]{}]|\\*x2[27]|\\*u002[27]|[%#]2[27]|&quot;|&#3[49];|'
          '(?:\\*x1b|\\*u001b|\x1b)\[[0-9;]*m)*'
          '\s*(?:=>|->|::?|=|\||[%#]3[ad]|\\*x3[ad]|\\*u003[ad])?\s*'
        '|'
          '(?:["''`\\]|\\*x2[27]|\\*u002[27])+\s*,\s*'
        ')'
        '(?:["''`\\()\[\]{}]|\\*x2[27]|\\*u002[27]|[%#]2[27]|&quot;|&#3[49];|'
        '(?:\\*x1b|\\*u001b|\x1b)\[[0-9;]*m)*'
        '(?:(?:uuid|some)\(|urn:uuid:)*["''\\{]*'
        '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[0-9a-z_]*|'
        '[0-9a-f]{32}[0-9a-z_]*)',
        1
      ),
      lambda u: strlen(u) = CASE WHEN u[9] = '-' THEN 36 ELSE 32 END
    ),
    lambda u: CASE
      WHEN u[9] = '-' THEN lower(u)
      ELSE lower(concat_ws('-', u[1:8], u[9:12], u[13:16], u[17:20], u[21:32]))
    END
  )))
END
