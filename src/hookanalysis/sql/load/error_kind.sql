/* error_kind: why no answer came, as far as {{text}} (lower case) tells.
   grain:  an expression: timeout, refused, dns, tls or other
   inputs: {{text}}

   The order matters: refused, dns and tls prove that no request went out, so what may have
   happened in the middle of one (a time-out, a reset) is looked for first. */
CASE
  WHEN regexp_matches({{text}}, 'time[sd]?[ _-]?out|deadline') THEN 'timeout'
  WHEN regexp_matches({{text}},
    'refused|failed to connect|no route to host|ehostunreach|enetunreach|'
    '(?:network|host)(?: is)? unreachable')
    THEN 'refused'
  WHEN regexp_matches({{text}}, 'reset|broken pipe|\beof|closed|aborted') THEN 'other'
  WHEN regexp_matches({{text}},
    'name or service not known|getaddrinfo|name resolution|nxdomain|enotfound|no such host|'
    '\bdns\b|nodename nor servname|could ?n.t resolve|could not resolve|cannot resolve')
    THEN 'dns'
  WHEN regexp_matches({{text}},
    'certificate|handshake|ssl.?cert|ssl.?error|ssl routines|tls.?(?:error|alert)|self.signed|'
    'wrong version number')
    THEN 'tls'
  ELSE 'other'
END
