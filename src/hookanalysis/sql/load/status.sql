/* status: how an attempt ended: by the sender's word for it, else by the receiver's answer.
   grain:  an expression: success, failed, pending or none
   inputs: {{word}} (lower case), {{code}} (HTTP status), {{text}} (response or error; '' for none),
           {{attempted}} (is there a time of an attempt?) */
CASE
  WHEN {{word}} IN ('success', 'failed', 'pending') THEN {{word}}
  WHEN regexp_matches({{word}},
    '^(?:succe|delivered|ok\b|okay|completed?\b|accepted|true$)') THEN 'success'
  WHEN regexp_matches({{word}},
    '^(?:fail|error|reject|undeliver|unsuccess|not |false$|time|refused|cancel|expired|dead)')
    THEN 'failed'
  WHEN regexp_matches({{word}},
    '^(?:pending|queued|waiting|scheduled|sending|processing|in.?progress|retry|new$|open$)')
    THEN 'pending'
  WHEN {{code}} BETWEEN 200 AND 299 THEN 'success'
  WHEN {{code}} IS NOT NULL OR {{text}} <> '' THEN 'failed'
  WHEN NOT ({{attempted}}) THEN 'none'
  ELSE 'pending'
END
