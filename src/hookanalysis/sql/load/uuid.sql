/* uuid: the one uuid that {{text}} is, as a whole; lower case, hyphenated.
   grain:  an expression: VARCHAR, NULL where it is anything else
   inputs: {{text}} */
CASE
  WHEN CAST(TRY_CAST({{text}} AS UUID) AS VARCHAR) = {{text}} THEN {{text}}
  WHEN regexp_full_match(
    {{text}},
    '(?i)(?:urn:uuid:)?\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?'
  ) THEN regexp_replace(
    lower({{text}}),
    '^.*?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$',
    '\1-\2-\3-\4-\5'
  )
END
