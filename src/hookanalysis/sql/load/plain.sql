/* plain: {{text}} as one line without control and direction characters, cut to {{length}}.
   grain:  an expression: VARCHAR, NULL for empty text
   inputs: {{text}}, {{length}} */
CASE
  WHEN {{text}} = '' THEN NULL
  WHEN strlen({{text}}) <= {{length}} AND NOT regexp_matches({{text}}, '[^ -~]') THEN {{text}}
  ELSE left(regexp_replace(
    regexp_replace({{text}}, '\s+', ' ', 'g'),
    '[\x00-\x1f\x7f-\x9f\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}'
    '\x{feff}\x{fff9}-\x{fffb}]',
    '�', 'g'
  ), {{length}})
END
