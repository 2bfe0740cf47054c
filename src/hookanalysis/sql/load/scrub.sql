/* scrub: free text without what may be private in it, one line, at most 200 characters.
   grain:  an expression: VARCHAR, NULL for empty text
   inputs: {{text}}, {{plain}} and {{kept}} (patterns of a text, and of a word, that stay as they
           are; in lower case)

   Masked, from the inside out: objects, quoted text, query strings, e-mail addresses, values of
   telling keys, uuids, long numbers and codes, and all words that are not kept. */
CASE
  WHEN {{text}} IS NULL OR trim({{text}}) = '' THEN NULL
  WHEN strlen({{text}}) <= 200 AND NOT regexp_matches(
    {{text}},
    '[^ -~]|[{"''@=:?\\]|\d[\d ().+/-]{4}|[\w-]{20}|\d[\w-]*\d[\w-]*\d[\w-]*\d[\w-]*\d|'
    '%40|(?i:bearer|basic)\s'
  ) AND regexp_full_match(lower({{text}}), {{plain}}) THEN {{text}}
  ELSE nullif(left(regexp_replace(array_to_string(list_transform(string_split(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(regexp_replace(
      -- A word cut in two is taken out again below: its half may fit no mask.
      CASE WHEN length({{text}}) > 2000 THEN left({{text}}, 2000) || chr(0) ELSE {{text}} END,
      '(?s)\{.*\}|\{[^}]*$', '{…}', 'g'),
      '(^|[\s=:(,\[])''[^'']*(?:''|$)|"[^"]*(?:"|$)', '\1"…"', 'g'),
      '\?[^\s"]+', '?…', 'g'),
      '(?:[^\s<>,;:"''=()]+(?:@|%40))+[^\s<>,;:"''()]*', '[email]', 'g'),
      '(?i)([\w.-]*(?:name|mail|phone|mobile|address|token|secret|passw|api[_-]?key|auth|signature|'
      'barcode|card|cookie|session|customer|buyer|holder|credential)[\w.-]*\s*(?:=>|[=:])|'
      '\b(?:bearer|basic)\s)'
      '[^,;|)\]}]*', '\1…', 'g'),
      '(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|'
      '\b[\w-]*(?:\d[\w-]*){5}|\+?\(?\d[\d ().+/-]{5,}\d|\b\w{24,}\b', '[id]', 'g'),
      '\S*\x00$', ''),
      '\s+', ' ', 'g'),
    ' '), lambda word:
      CASE WHEN regexp_full_match(lower(word), {{kept}}) THEN word ELSE '[…]' END
    ), ' '),
    '[\x00-\x1f\x7f-\x9f\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}'
    '\x{feff}\x{fff9}-\x{fffb}]',
    '�', 'g'
  ), 200), '')
END
