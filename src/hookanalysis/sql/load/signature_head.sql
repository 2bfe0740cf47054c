/* signature_head: the first 12 digits of the header X-SHOWPASS-SIGNATURE, lower case.
   grain:  an expression: VARCHAR, NULL where the text holds none
   inputs: {{text}}: a log's record, or headers as an export lists them; {{alone}}: a pattern in
           front of the digits, for a text that is the value of the header by itself */
lower(nullif(regexp_extract(
  {{text}},
  '(?i)(?:{{alone}}x[-_]showpass[-_]signature(?:["''\\:=,>\[( ]|x22|%22|u0022)*)'
  '([0-9a-f]{12})[0-9a-f]{28}\b',
  1
), ''))
