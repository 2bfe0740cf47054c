/* level: the severity that {{text}} (lower case) names.
   grain:  an expression: debug, info, warning, error, critical, or NULL
   inputs: {{text}}; numbers are those of pino and bunyan (10 trace to 60 fatal) */
CASE
  WHEN regexp_full_match({{text}}, 'info|i|information|notice|30') THEN 'info'
  WHEN regexp_full_match({{text}}, 'warn(?:ing)?|w|40') THEN 'warning'
  WHEN regexp_full_match({{text}}, 'err(?:or)?|e|severe|50') THEN 'error'
  WHEN regexp_full_match({{text}}, 'debug|d|trace|verbose|fine|finest|10|20') THEN 'debug'
  WHEN regexp_full_match({{text}}, 'crit(?:ical)?|c|fatal|f|alert|emerg(?:ency)?|panic|60')
    THEN 'critical'
END
