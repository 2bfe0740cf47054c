/* step: what the words of {{text}} (lower case) say that was done with a webhook.
   grain:  an expression: received, processed, duplicate, signature_failed, failed, or NULL
   inputs: {{text}}, {{level}} (error and critical lines without other words are failures),
           {{unusual}} (may the words be other than plainly good news? made in receipts.sql)

   Steps on the way (verified, processing, queued) and the general end of a request are none: a step
   that is told twice would read as a second arrival. */
CASE
  WHEN {{unusual}} AND (contains({{text}}, 'signature') OR contains({{text}}, 'hmac'))
    THEN CASE
      WHEN regexp_matches({{text}},
        '\b(?:invalid|bad|wrong|incorrect|missing|no|failed|unverified|rejected)\b[^.;,]{0,40}'
        '\b(?:signature|hmac)|(?:signature|hmac)[^.;,]{0,40}\b(?:invalid|bad|wrong|incorrect|'
        'missing|mismatch|fail|reject|unverified|not |doesn.t|could ?n.t|cannot)')
        THEN 'signature_failed'
      WHEN regexp_matches({{text}}, '\b(?:processed|duplicates?|failed|received)\b') THEN
        regexp_extract({{text}}, '\b(processed|duplicate|failed|received)')
    END
  WHEN {{unusual}} AND regexp_matches({{text}},
    '\b(?:duplicates?|duplicated|replayed|seen before|'
    'already (?:processed|handled|seen|received|exists?|done))\b')
    AND NOT regexp_matches({{text}}, '\b(?:no|not an?|non-?) ?duplicate') THEN 'duplicate'
  WHEN {{unusual}} AND regexp_matches({{text}},
    '\b(?:fail|failed|failure|fails|failing|errors?|errored|exception|traceback|crash|crashed|'
    'aborted|could not|couldn.t|cannot|unable|rejected|refused|timed out|not processed|'
    'rolled back)\b')
    AND NOT regexp_matches({{text}},
      '\b(?:no|0|without) (?:errors?|failures?)\b|'
      '\b(?:errors?|failures?|failed)"?[=:] ?"?(?:0|none|null|false)\b')
    THEN 'failed'
  WHEN {{level}} IN ('error', 'critical') THEN 'failed'
  WHEN {{unusual}} AND regexp_matches({{text}},
    '\brequest (?:was )?(?:completed?|finished|handled|processed|ended)\b|'
    '\b(?:will|to|must|should|not yet) be \w+')
    THEN NULL
  WHEN regexp_matches({{text}},
    '\b(?:processed|handled|completed|fulfilled|finished|succeeded|success|successful|'
    'successfully)\b') THEN 'processed'
  WHEN regexp_matches({{text}},
    '\b(?:received|receiving|incoming|arrived|accepted|got (?:an? |the )?(?:new )?webhook)\b')
    THEN 'received'
END
