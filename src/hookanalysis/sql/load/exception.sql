/* exception: the first and the last exception that the stack trace {{text}} names.
   grain:  an expression: two lines, or one where they are the same; NULL where it names none
   inputs: {{text}}, {{raised}} (pattern of the name, with its message), {{said}} (the text `named`,
           scrubbed) */
CASE WHEN {{text}} IS NOT NULL THEN nullif(array_to_string(list_transform([
  regexp_extract_all({{text}}, {{raised}}, 1)[1],
  nullif(
    regexp_extract_all({{text}}, {{raised}}, 1)[-1], regexp_extract_all({{text}}, {{raised}}, 1)[1]
  )
], lambda named: {{said}}), chr(10)), '') END
