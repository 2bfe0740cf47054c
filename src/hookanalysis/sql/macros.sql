/* macros: what reading a record is made of. Loaded into each database in memory that parses.

   First words and ids, as they stand in any text; then the scanner: what a line tells by its shape,
   whoever wrote it. A scanner's macro reads nothing that is in doubt (tests/test_scanner.py). */

-- A text without control and direction characters.
CREATE MACRO visible(t) AS regexp_replace(
  t, '[\x00-\x1f\x7f-\x9f\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]',
  '�', 'g'
);

-- A text as one line of at most n visible characters.
CREATE MACRO plain(t, n) AS (
  CASE
    WHEN t = '' THEN NULL
    WHEN strlen(t) <= n AND NOT regexp_matches(t, '[^ -~]') THEN t
    ELSE left(visible(regexp_replace(t, '\s+', ' ', 'g')), n)
  END
);

-- A text without the colours of terminals.
CREATE MACRO uncoloured(t) AS
  CASE WHEN contains(t, chr(27)) THEN regexp_replace(t, '\x1b\[[0-9;?]*[ -/]*[@-~]', '', 'g') ELSE t END;

-- A record without its line end; rtrim takes ten times as long.
CREATE MACRO unended(t) AS regexp_replace(t, '[\r\n]+$', '');

-- Whether an object says two things under one key: readers differ in which one they take.
CREATE MACRO says_two(t) AS (
  CASE
    WHEN NOT starts_with(t, '{') OR list_unique(json_keys(t)) = len(json_keys(t)) THEN FALSE
    ELSE list_unique(list_zip(json_keys(t), json_extract(t, '$.*'))) > list_unique(json_keys(t))
  END
);
CREATE MACRO says_both(t) AS (
  CASE
    WHEN NOT starts_with(t, '{') THEN FALSE
    WHEN says_two(t) THEN TRUE
    WHEN contains(t, ':{') OR contains(t, ': {')
      THEN len(list_filter(json_extract(t, '$.**'), lambda v: says_two(CAST(v AS VARCHAR)))) > 0
    ELSE FALSE
  END
);

-- A text without what may be private (scrub), on one line, at most 200 characters. Masked, from the
-- inside out: objects, quoted text but names of a schema, query strings, e-mail addresses, values of
-- telling keys, uuids, long numbers and codes, and all words that are not kept. `entire` and
-- `word_kept` are patterns (in lower case) of a text, and of a word, that stay; the parser makes
-- kept_words(). A macro repeats its argument: for many texts, hidden(t) is a column of its own.
-- harmless: nothing in it needs a mask. spoken: one look tells that all words are kept, as in most.
CREATE MACRO harmless(t) AS strlen(t) <= 200 AND NOT regexp_matches(t,
  '[^ -~]|[{"''@=:?\\]|\d[\d ().+/-]{4}|[\w-]{20}|\d[\w-]*\d[\w-]*\d[\w-]*\d[\w-]*\d|%(?:25)*40|(?i:bearer|basic)\s'
);
CREATE MACRO masks(t) AS (
  regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    replace(regexp_replace(regexp_replace(
      CASE
        -- A word cut in two is taken out again below: its half may fit no mask.
        WHEN length(t) > 2000 THEN left(t, 2000) || chr(0)
        WHEN regexp_matches(t, '[a-z]["'']')
          THEN regexp_replace(t, schema_words(), '\1' || chr(1) || '\2\3' || chr(1), 'g')
        ELSE t
      END,
      '(?s)\{.*\}|\{[^}]*$', '{…}', 'g'),
      '(^|[\s=:(,\[])''[^'']*(?:''|$)|"[^"]*(?:"|$)', '\1"…"', 'g'), chr(1), ''''),
      '\?[^\s"]+', '?…', 'g'),
      '(?:[^\s<>,;:"''=()]+(?:@|%(?:25)*40))+[^\s<>,;:"''()]*', '[email]', 'g'),
      '(?i)([\w.-]*(?:' || sensitive() || ')[\w.-]*''?\s*(?:=>|[=:])|\b(?:bearer|basic)\s)[^,;|)\]}]*', '\1…', 'g'),
      '(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|'
      '\b[\w-]*(?:\d[\w-]*){5}|\+?\(?\d[\d ().+/-]{5,}\d|\b\w{24,}\b', '[id]', 'g'),
      '\S*\x00$', ''), '\s{2,}|[\t\n\f\r]', ' ', 'g')
);
CREATE MACRO hidden(t) AS CASE WHEN trim(t) = '' THEN NULL WHEN harmless(t) THEN t ELSE masks(t) END;
CREATE MACRO spoken(t, word_kept) AS (
  left(visible(
    CASE
      WHEN regexp_full_match(lower(t), word_kept) THEN t
      ELSE list_aggr(list_transform(
        string_split(regexp_replace(t, ' {2,}', ' ', 'g'), ' '),
        lambda word: CASE WHEN regexp_full_match(lower(word), word_kept) THEN word ELSE '[…]' END
      ), 'string_agg', ' ')
    END
  ), 200)
);
CREATE MACRO scrub(t) AS spoken(hidden(t), kept_words());
CREATE MACRO scrub_but(t, entire, word_kept) AS CASE
  WHEN trim(t) = '' THEN NULL
  WHEN harmless(t) AND regexp_full_match(lower(t), entire) THEN t
  ELSE spoken(masks(t), word_kept)
END;

-- The severity that a word (lower case) names; numbers are those of pino and bunyan.
CREATE MACRO level_of(t) AS (
  CASE
    WHEN regexp_full_match(t, 'info|i|information|notice|30') THEN 'info'
    WHEN regexp_full_match(t, 'warn(?:ing)?|w|40') THEN 'warning'
    WHEN regexp_full_match(t, 'err(?:or)?|e|severe|50') THEN 'error'
    WHEN regexp_full_match(t, 'debug|d|trace|verbose|fine|finest|10|20') THEN 'debug'
    WHEN regexp_full_match(t, 'crit(?:ical)?|c|fatal|f|alert|emerg(?:ency)?|panic|60')
      THEN 'critical'
  END
);

-- What the words of a text (lower case) say that was done with a webhook. `unusual`: may they be
-- other than plainly good news? Steps on the way (verified, queued) and the general end of a request
-- are none: a step that is told twice would read as a second arrival.
CREATE MACRO step_of(t, severity, unusual) AS (
  CASE
    WHEN unusual AND (contains(t, 'signature') OR contains(t, 'hmac'))
      THEN CASE
        WHEN regexp_matches(t,
          '\b(?:invalid|bad|wrong|incorrect|missing|no|failed|unverified|rejected)\b[^.;,]{0,40}'
          '\b(?:signature|hmac)|(?:signature|hmac)[^.;,]{0,40}\b(?:invalid|bad|wrong|incorrect|'
          'missing|mismatch|fail|reject|unverified|not |doesn.t|could ?n.t|cannot)|'
          'signature\w*(?:error|exception)')
          THEN 'signature_failed'
        WHEN regexp_matches(t, '\b(?:processed|duplicates?|failed|received)\b') THEN
          regexp_extract(t, '\b(processed|duplicate|failed|received)')
      END
    WHEN unusual AND regexp_matches(t,
      '\b(?:duplicates?|duplicated|replayed|seen before|'
      'already (?:processed|handled|seen|received|exists?|done|imported|applied|saved|stored|'
      'recorded|synced|ingested|consumed|completed|fulfilled|executed))\b')
      AND NOT regexp_matches(t, '\b(?:no|not an?|non-?) ?duplicate|\breplayed (?:from|by)\b') THEN 'duplicate'
    -- What failed not even once, or would then be done, did not fail.
    WHEN unusual AND regexp_matches(regexp_replace(t,
      '\b(?:no|0|none|nothing|without|on|upon|if|in case of) (?:errors?|failures?|failed|rejected)\b|'
      '\b(?:errors?|failures?|failed|rejected)(?:"?[=:] ?"?|,? )(?:0|none|null|false)\b', '', 'g'),
      '\b(?:fail|failed|failure|fails|failing|errors?|errored|exception|traceback|crash|crashed|'
      'aborted|could not|couldn.t|cannot|unable|rejected|refused|timed out|rolled back|'
      'not (?:been )?(?:processed|handled|performed|completed|fulfilled|successful))\b')
      THEN 'failed'
    WHEN severity IN ('error', 'critical') THEN 'failed'
    WHEN unusual AND regexp_matches(t,
      '\brequest (?:was )?(?:completed?|finished|handled|processed|ended)\b|\bcompleted [1-5]\d\d\b|'
      '\b(?:will|to|must|should|not yet) be \w+|\bnot yet \w+')
      THEN NULL
    WHEN regexp_matches(t,
      '\b(?:processed|performed|handled|completed|fulfilled|finished|succeeded|success|successful|'
      'successfully)\b') THEN 'processed'
    WHEN regexp_matches(t,
      '\b(?:received|receiving|incoming|arrived|accepted|got (?:an? |the )?(?:new )?webhook)\b')
      THEN 'received'
  END
);

-- Why no answer came, as far as a text (lower case) tells. The order matters: refused, dns and tls
-- prove that no request went out, so what happens in the middle of one, or after a first answer, is
-- looked for first; and what names a host or a port behind the receiver's own is the receiver's word.
CREATE MACRO error_kind(t) AS (
  CASE
    WHEN regexp_matches(t, 'time[sd]?[ _-]?out|deadline') THEN 'timeout'
    WHEN regexp_matches(t, 'redirect|upstream|localhost|\b(?:127|10|192\.168)\.\d+\.\d+')
      OR regexp_extract(t, '\bport (\d+)', 1) NOT IN ('', '80', '443', '8080', '8443') THEN 'other'
    WHEN regexp_matches(t,
      '(?:connect|dial).{0,80}refused|refused.{0,20}connect|^refused$|failed to connect|no route to host|ehostunreach|enetunreach|'
      '(?:network|host)(?: is)? unreachable')
      THEN 'refused'
    WHEN regexp_matches(t, 'reset|broken pipe|\beof|closed|aborted') THEN 'other'
    WHEN regexp_matches(t,
      'name or service not known|getaddrinfo|name resolution|nxdomain|enotfound|no such host|'
      '\bdns\b|nodename nor servname|could ?n.t resolve|could not resolve|cannot resolve')
      THEN 'dns'
    WHEN regexp_matches(t,
      'certificate|handshake|ssl.?cert|ssl.?error|ssl routines|tls.?(?:error|alert)|self.signed|'
      'wrong version number')
      THEN 'tls'
    ELSE 'other'
  END
);

-- The one uuid that a text is as a whole, lower case and hyphenated; NULL for anything else.
CREATE MACRO uuid_of(t) AS (
  CASE
    WHEN CAST(TRY_CAST(t AS UUID) AS VARCHAR) = t THEN t
    WHEN regexp_full_match(
      t,
      '(?i)(?:urn:uuid:)?\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?'
    ) THEN regexp_replace(
      lower(t),
      '^.*?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$',
      '\1-\2-\3-\4-\5'
    )
  END
);

-- The first 12 digits of the header X-SHOWPASS-SIGNATURE, lower case. `alone`: a pattern in front of
-- the digits, for a text that is the value of the header by itself.
CREATE MACRO signature_head(t, alone) AS (
  lower(regexp_extract_all(
    t,
    '(?i)(?:' || alone || 'x[-_]showpass[-_]signature(?:["''\\:=,>\[( ]|x22|%22|u0022)*)'
    '([0-9a-f]{12})[0-9a-f]{28}\b',
    1
  )[1])
);

-- What the pairs of a URL's query are told apart by: a hash each, for any may be a secret.
CREATE MACRO query_hashes(url) AS (
  CASE WHEN contains(url, '?') THEN list_sort(list_distinct(list_transform(
    list_filter(
      string_split(regexp_extract(url, '\?([^#]*)', 1), '&'), lambda pair: pair <> ''
    ),
    lambda pair: left(md5(pair), 8)
  ))) END
);

-- The program that sent a request, as a log names it or quotes it (User-Agent), without its version.
CREATE MACRO agent_of(t) AS (coalesce(
  nullif(regexp_extract(t, '(?i)agent["''\\)\]]*\s*[:=]>?\s*\[?["''\\]*([a-z][\w.+-]*)', 1), ''),
  nullif(nullif(regexp_extract(t, '"([A-Za-z][\w.+-]*)/v?\d', 1), ''), 'HTTP'),
  nullif(regexp_extract(t, '" "([A-Za-z][\w.+-]*)', 1), '')
));

-- A path without secrets: a segment that is one, or holds an address of e-mail, is a hash, so that
-- endpoints stay apart. See redaction.py.
CREATE MACRO is_secret(s) AS (
  regexp_matches(s, secret()) OR regexp_full_match(s, long_number())
  OR regexp_matches(s, '(?i)(?:' || sensitive() || ')\w*=') OR (
    NOT regexp_full_match(s, named_id()) AND len(list_filter(
      regexp_extract_all(s, random_run()),
      lambda w: regexp_matches(w, '[0-9]') AND 4 * len(regexp_extract_all(w, random_piece())) >= strlen(w)
    )) > 0
  )
);
CREATE MACRO masked_path(path) AS (
  CASE
    WHEN NOT regexp_matches(path, '[0-9A-Za-z_-]{12}|@|%(?:25)*40|[+B][0-9]{8}|\.[\w-]{8}|=|[0-9](?:[-. ()]|%2)+[0-9]{2}') THEN path
    ELSE array_to_string(list_transform(
      string_split(path, '/'), lambda s: CASE
        WHEN regexp_matches(s, '.(?:@|%(?:25)*40).') OR (strlen(s) > 9 AND is_secret(s))
          THEN '…' || left(md5(s), 8)
        ELSE s
      END
    ), '/')
  END
);

-- An endpoint's URL without user, password and fragment, its query as hashes.
CREATE MACRO masked_url(url) AS (
  regexp_extract(url, '^(?:[A-Za-z]+://)?[^/]*')
  || masked_path(regexp_extract(url, '^(?:[A-Za-z]+://)?[^/]*(.*)$', 1))
);
CREATE MACRO endpoint_name(url) AS (
  CASE
    WHEN regexp_full_match(url, 'https?://[A-Za-z0-9.:/_~-]{3,300}') THEN masked_url(url)
    ELSE masked_url(regexp_replace(plain(url, 500), '^([A-Za-z]+://)[^/@]*@|[?#].*', '\1', 'g'))
      || coalesce('?' || nullif(array_to_string(query_hashes(url), '.'), ''), '')
  END
);

-- How an attempt ended: by the sender's word for it, else by the receiver's answer.
CREATE MACRO attempt_status(word, code, t, attempted) AS (
  CASE
    WHEN word IN ('success', 'failed', 'pending') THEN word
    WHEN regexp_matches(word,
      '^(?:succe|delivered|ok\b|okay|completed?\b|accepted|acknowledged|done\b|(?:true|t|yes|y|1)$)')
      THEN 'success'
    WHEN regexp_matches(word,
      '^(?:fail|error|reject|undeliver|unsuccess|unreach|not |false$|time|refused|cancel|expired|'
      'dead|abandon|discard|drop|exhaust|gave.?up)')
      THEN 'failed'
    WHEN regexp_matches(word,
      '^(?:pending|queued|waiting|scheduled|sending|processing|in.?progress|retry|new$|open$)')
      THEN 'pending'
    WHEN code BETWEEN 200 AND 299 THEN 'success'
    WHEN word IN ('f', 'no', 'n', '0') THEN 'failed'
    WHEN code IS NOT NULL OR t <> '' THEN 'failed'
    WHEN NOT (attempted) THEN 'none'
    ELSE 'pending'
  END
);

-- What stands between a key and its value, at any depth of escaping.
CREATE MACRO names() AS
  '(?:["''\\]|\\*x22|\\*u0022)*\s*(?:=>|[:=])\s*(?:["''\\]|\\*x22|\\*u0022)*';
CREATE MACRO named_values(t, key, begun) AS regexp_extract_all(
  t, '(?i)' || key || names() || '([' || begun || '][0-9a-z_.-]{3,127})(?:[^0-9a-z_.:=+/-]|$)', 1
);

-- What a key such as pspReference or order_id names, if it is long enough to be nobody else's.
CREATE MACRO opaque_id() AS
  '[A-Za-z](?:_id|Id|ID|_ref|Ref|_?[Rr]eference)' || names() || '([0-9A-Za-z_-]{12,64})';

-- Keys that name the id of an event.
CREATE MACRO event_key() AS (
  '(?i:(?:event|evt|message|msg|delivery)[_.\s-]?id|\bevt\b|event[_.\s-]?uuid|idempotency[_.\s-]?key)'
);

-- Everything in a text that may be the id of an event, at most 32 of them, sorted: every uuid (also
-- as 32 hex digits), every id of a known sender's form (pattern `ids`), and what a key such as
-- event_id names, or any key of an id or reference. Request and trace ids are among them: which one is an event is known only when
-- the exports have told theirs. webhook_id mostly names an endpoint: its numbers are left out.
CREATE MACRO bare_uuids(t, ids) AS (
  CASE
    WHEN NOT regexp_matches(
      t,
      '-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|' || ids || '|'
      '(?i:webhook[_.\s-]?id)|' || event_key() || '|' || opaque_id()
    ) THEN CAST(NULL AS VARCHAR[])
    ELSE nullif(list_slice(list_sort(list_distinct(list_concat(
      list_filter(
        regexp_extract_all(
          lower(t),
          '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[0-9a-z_]*'
        ),
        lambda u: strlen(u) = 36
      ),
      list_transform(
        list_filter(
          regexp_extract_all(
            regexp_replace(
              lower(t), '\\+x[0-9a-f]{2}|\\+u00[0-9a-f]{2}|[%#]2[0-9a-f]', ' ', 'g'
            ),
            '[0-9a-z_-]{32,}'
          ),
          lambda u: regexp_full_match(u, '[0-9a-f]{32}')
        ),
        lambda u: concat_ws('-', u[1:8], u[9:12], u[13:16], u[17:20], u[21:32])
      ),
      list_filter(
        regexp_extract_all(
          t,
          '(?:^|[^0-9A-Za-z_-]|\\+x[0-9a-fA-F]{2}|\\+u00[0-9a-fA-F]{2}|[%#]2[0-9a-fA-F]|\\+[nrt])'
          '((?:' || ids || ')[0-9A-Za-z_-]*)',
          1
        ),
        lambda u: regexp_full_match(u, '' || ids || '')
          AND NOT regexp_matches(u, '^(?:tok|token|sess|key|secret|pat|whsec|live|test|[spr]k)_')
          AND NOT regexp_matches(u, secret())
      ),
      list_filter(
        named_values(t, event_key(), '0-9a-z') || named_values(t, 'webhook[_.\s-]?id', 'a-z')
        || list_filter(
          regexp_extract_all(regexp_replace(t, '(?i)sess(?:ion)?[_-]?id\W+[\w-]+', '', 'g'), opaque_id() || '(?:[^0-9A-Za-z_.:=+/-]|$)', 1),
          lambda u: regexp_matches(u, '[0-9A-Z]')
        ),
        -- Uuids are among those above, in their own spelling; what only begins so is none.
        lambda u: NOT regexp_matches(u, '(?i)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-|^[0-9a-f]{31}|^(?:null|none|nil|undefined)$')
          AND NOT regexp_matches(u, secret())
      )
    ))), 1, 32), CAST([] AS VARCHAR[]))
  END
);

-- The webhook_event_uuids that a text names by their key, sorted, lower case, hyphenated. The key
-- may stand at any depth of escaping (\x22 \u0022 \" #22 %22 &quot; and colours are separators), but
-- not be the end of a longer name (previous_…). Between key and value stand separators only. The
-- value may be glued to an escape (\x2206d5…), but not be the beginning of a longer word: RE2 cannot
-- look ahead, so the tail is taken along, and such a value is then too long.
CREATE MACRO event_uuids(t) AS (
  CASE
    WHEN NOT (contains(t, 'uuid') OR contains(t, 'Uuid') OR contains(t, 'UUID')) THEN CAST([] AS VARCHAR[])
    ELSE list_sort(list_distinct(list_transform(
      list_filter(
        regexp_extract_all(
          t,
          '(?i)(?:^|[^0-9a-z_-]|\\+x[0-9a-f]{2}|\\+u00[0-9a-f]{2}|[%#][0-9a-f]{2}|'
          '\[[0-9;]*m|\\+[nrt])'
          '(?:x-)?(?:webhook[_.\s-]?event[_.\s-]?uuid)'
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
);

-- The moment that a text names which tells its zone itself (or is a number of seconds, milliseconds,
-- microseconds or nanoseconds since 1970, told by its digits), in microseconds since 1970.
CREATE MACRO zoned_micros(t) AS (
  CASE
    WHEN strlen(t) = 26 AND substring(t, 3, 1) = '/'
      THEN epoch_us(try_strptime(t, '%d/%b/%Y:%H:%M:%S %z'))
    WHEN regexp_full_match(t, '\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)')
      THEN epoch_us(TRY_CAST(t AS TIMESTAMPTZ))
    WHEN regexp_full_match(t, '(?:\d{10}|\d{13}|\d{16})(?:\.\d*)?|\d{19}')
      THEN CASE strlen(split_part(t, '.', 1))
        WHEN 10 THEN CAST(trunc(TRY_CAST(t AS DECIMAL(38, 9)) * 1000000) AS BIGINT)
        WHEN 13 THEN CAST(trunc(TRY_CAST(t AS DECIMAL(38, 9)) * 1000) AS BIGINT)
        WHEN 16 THEN CAST(split_part(t, '.', 1) AS BIGINT)
        ELSE CAST(t AS BIGINT) // 1000
      END
  END
);

-- The first and the last exception (a line each) of a line and of the trace below it. Good news raises nothing: a trace below it is
-- another writer's.
CREATE MACRO exceptions_with(known, first_named, last_named, severity, done) AS (
  CASE
    WHEN severity IN ('debug', 'info') OR done IN ('processed', 'duplicate') THEN known
    WHEN coalesce(split_part(known, chr(10), 1), first_named) = last_named THEN last_named
    ELSE coalesce(split_part(known, chr(10), 1), first_named) || chr(10) || last_named
  END
);

-- The scanner

CREATE MACRO first_of(t, pattern) AS regexp_extract_all(t, pattern, 1)[1];

-- The time that a line tells, as it is written: the first with a year that stands in its first 300
-- characters, else syslog's in front of it.
CREATE MACRO dated_time(t) AS CASE
  -- Access logs: before their bracket no time can stand without a colon.
  WHEN regexp_matches(t, '^[^\[:]{0,99}\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]')
    THEN substring(t, strpos(t, '[') + 1, 26)
  ELSE nullif(regexp_extract(
    CASE WHEN strlen(t) <= 300 THEN t ELSE left(t, 300) END,
    '(?:^|[^0-9A-Za-z.:/+-]|time:)('
      '\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T \t]| - )\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9}|:\d{3}\b)?)?'
        '(?: ?[AaPp]\.?[Mm]\b\.?)?(?: ?(?:Z\b|(?:UTC|GMT|[A-Z]{1,3}[SD]T)\b(?:[+-]\d\d:?\d\d)?|[+-]\d\d:?\d\d\b))?|'
      '\d{1,2}/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d+)?(?: (?:[+-]\d{4}|UTC|GMT|[A-Z]{1,3}[SD]T|[CEW]ET)\b)?|'
      '(?:[A-Z][a-z]{2,8},? )?(?:\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[- ][A-Z][a-z]{2,8}[- ]\d{4}|'
        '[A-Z][a-z]{2,8} \d{1,2},? \d{4}),?[T :]+\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\b\.?)?'
        '(?: ?(?:Z\b|(?:UTC|GMT|[A-Z]{1,3}[SD]T)\b(?:[+-]\d\d:?\d\d)?|[+-]\d\d:?\d\d\b)|'
        ' (?:A(?:frica|merica|ntarctica|rctic|sia|tlantic|ustralia)|E(?:urope|tc)|Indian|Pacific)/[A-Z][\w/+-]*)?|'
      '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,4})? \d{4}\b'
    ')', 1
  ), '')
END;
CREATE MACRO undated_time(t) AS (
  nullif(regexp_replace(regexp_extract(
    t, '^(?:(?:<\d{1,3}>|time=")?[A-Z][a-z]{2} [ \d]?\d,? \d\d:\d\d:\d\d(?:\.\d+)?(?: [AP]M)?(?: |"|: )|\[[A-Z] \d{6} \d\d:\d\d:\d\d|'
    '[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} |(?:\[\d+\] \S+: \[)?\[?1\d{9}(?:\.\d{3,9}|\d{3})[\]\s|,;])', 0
  ), '^(?:<\d+>|time="|\[[A-Z] |(?:\[\d+\] \S+: \[)?\[)|[\]\s":|,;]+$', '', 'g'), '')
);
CREATE MACRO line_time(t) AS (coalesce(dated_time(t), undated_time(t)));

-- The time, with its zone, of a text that is a whole line of a log: it stands in front, or in the
-- brackets of an access log.
CREATE MACRO begun_time(t) AS (
  nullif(concat_ws('', first_of(t, '^(?:[A-Z]+ \[|\[)?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d))[\] |]'),
    first_of(t, '\[(\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]')), '')
);

-- The time with its zone of a server's own line, where who took it down told another without one.
CREATE MACRO zoned_time(t, other) AS (
  CASE WHEN contains(t, '] "') AND NOT regexp_matches(other, '(?:[A-Z]|[+-]\d\d:?\d\d)$') THEN nullif(regexp_extract(
    t, '\[((?:\d{1,2}/[A-Z][a-z]{2}/\d{4}:|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} )'
    '\d\d:\d\d:\d\d(?:\.\d+)? (?:[+-]\d{4}|GMT))\] "', 1
  ), '') END
);

-- Whether the words before a time say that it is that of something else. `plain`: the line is about
-- no webhook, so that any sentence is taken for one about another time.
CREATE MACRO speaks_of_time(before, plain) AS (
  CASE
    WHEN strlen(before) <= 30 THEN FALSE
    WHEN regexp_matches(
      before, '(?i)\b(?:expires?|until|till|valid|due|scheduled|created)(?: (?:at|on|by))?:? $'
    ) THEN TRUE
    WHEN plain THEN regexp_matches(before, '(?:^|[ ,])[a-z]{2,} $')
      AND NOT regexp_matches(before, ' for [0-9a-f.:]+ at $')
    ELSE FALSE
  END
);

-- Whether a text only speaks of a request: an error log that quotes it, a framework's routes, a
-- request that the application itself made.
CREATE MACRO quotes_request(t) AS (
  regexp_matches(
    t, 'request: "|^\[GIN-debug\]|\b[Nn]o route | --> [\w./*()-]+ \(\d+ handlers\)|\bMapped \{|\bcurl |-X ?(?:POST|PUT|GET)\b|'
    '\bHTTP Request: [A-Z]+ |https?://[^\s"]+:\d+ "[A-Z]+ |\bStarting new HTTPS? connection|'
    '(?i:\b(?:registered|route|routes|endpoint|handler|sending|calling|retrying|forwarding)):? "?(?:GET|POST|PUT)\b|'
    '^\s*(?:at |File "|from /|#\d+ )'
  )
);

CREATE MACRO methods() AS 'GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS';

-- The request that a text shows: a method in capitals, a path, and the status right behind them, or
-- between them (`early`); also in columns between commas.
CREATE MACRO scan_request(t) AS (
  CASE WHEN regexp_matches(t, ',"?(?:' || methods() || ')"?,"?/') THEN regexp_extract(
    t, ',"?(?P<method>' || methods() || ')(?P<early>)"?,"?(?P<target>/[^",\s]*)'
    '(?:"?,(?P<version>"?HTTP/[\d.]+"?,)?"?(?P<status>[1-5]\d\d)(?:[",]|$))?',
    ['method', 'early', 'target', 'version', 'status']
  ) ELSE regexp_extract(
    t, '(?:^|[\s"''`(\[\]|,<>=:])(?P<method>' || methods() || '|CONNECT|TRACE)'
    '(?:["''\]]?[\s|]+(?:\[?(?P<early>[1-5]\d\d)\]?[\s|]+(?:[\w.:-]+[\s|]+){0,3}?|https? |- )?["'']?|: ?)'
    '(?P<target>(?:https?://[^\s/"''?#]+)?/[^\s"''|<>]*)(?P<version>[\s|]HTTP/[\d.]+| (?:1\.[01]|[23])")?'
    '["''>\\]*(?:[)\]]?(?: for \S+,)?(?: \([\d.]+ ?(?:ms|µs|s)\)| (?:took|in) [\d.]+ ?(?:ms|µs|s)(?: and)?)?\s*'
    '(?:-+|=>|->|→|–|\||:|(?:(?:respond|return|answer|complet|finish)ed(?: with)? ?)?(?:status)?)?:? *"?(?P<status>[1-5]\d\d)(?:[\s,;|)"]|$))?',
    ['method', 'early', 'target', 'version', 'status']
  ) END
);

-- The status of a request that stands before it, or in parentheses of its own behind it.
CREATE MACRO aside_status(t) AS concat_ws('',
  first_of(t, '(?:' || methods() || ') /\S* \(([1-5]\d\d)\)'),
  first_of(t, '(?:^ *|[\])|,;:-] ?|\d[Z\d]? +|UTC +)\[?([1-5]\d\d)\]? +(?:' || methods() || ') /'),
  first_of(t, '\| *([1-5]\d\d) *\|(?:[^|]*\|)* *"?(?:' || methods() || ')[ |]'),
  first_of(t, '\bcode=([1-5]\d\d) (?:.* )?request=["'']?(?:' || methods() || ') /')
);

-- The same, where method and path stand under their names: method=POST path=/hook.
CREATE MACRO named_method(t) AS (
  first_of(t, '(?:^|[\s"''{,(;|\[?&]):?(?:http[._])?(?:request[._])?(?i:method|verb)["'']?\s*(?:=>|[=:])\s*["'']?(' || methods() || ')\b')
);
CREATE MACRO named_target(t) AS (
  nullif(replace(regexp_extract(
    t, '(?:^|[\s"''{,(;|\[]):?(?:http[._]|url[._])?(?:request[_.]?)?(?i:path|uri|url|target)["'']?\s*(?:=>|[=:])\s*'
    '["'']?((?:https?:)?\\?/[^\s"''|<>}]*)', 1
  ), '\/', '/'), '')
);

-- A line of key=value pairs with its message first, as words: a quoted value is masked as private.
CREATE MACRO message_first(t) AS (
  CASE
    WHEN regexp_matches(t, '(?:^|\s)(?:msg|message)="') THEN trim(regexp_replace(
      t, '(?s)^(|.*?\s)(?:msg|message)="((?:[^"\\]|\\.)*)"\s*(.*)$', '\2 \1\3'
    ))
    ELSE trim(t)
  END
);

-- A status under its name, or in the words with which frameworks end a request.
CREATE MACRO named_status(t) AS (
  nullif(concat_ws('', first_of(t, '(?:^|[\s"''{,(;|\[]):?(?i:http[_. ]?|response[_. ]?|res[_. ]?)?(?i:status)(?i:[_. ]?code)?["'']?\s*(?:=>|[=:])\s*'
    '["'']?([1-5]\d\d)(?:[^\w.%-]|$)'),
    CASE WHEN NOT regexp_matches(t, '(?i)status') THEN first_of(
      t, '(?:^|[\s\]])(?:resp=|(?:Completed|Sent|responded|responded with|[Aa]nswered)(?: with)? )([1-5]\d\d)(?:[\s,;]|$)') END), '')
);

-- A status as a number, if it is one that servers give: 512 is the size of an answer.
CREATE MACRO known_status(code) AS (
  CASE WHEN regexp_full_match(
    code,
    '10[0-3]|20[0-8]|226|30[0-8]|4(?:[0-2]\d|3[01]|40|44|49|5[01]|6[034]|9[4-9])|'
    '5(?:0\d|1[01]|2\d|30|61|9[89])'
  ) THEN code END
);

-- An address; a clock (10:07:42.230) is none.
CREATE MACRO address() AS (
  '(?:\d{1,3}\.){3}\d{1,3}|::ffff:(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|'
  '(?:(?:[0-9a-fA-F]{1,4}:)+|:):(?:[0-9a-fA-F]{1,4}:)*[0-9a-fA-F]{1,4}'
);

-- The client's address: in front of the line, under its name, or last before the request.
CREATE MACRO scan_address(t) AS (
  coalesce(
    -- uvicorn puts the port behind an address of version 6 without brackets.
    first_of(t, '^[A-Z]{4,8}: +([0-9a-f:]+:[0-9a-f:]*):\d{1,5} - "'),
    -- What stands before an access log's address, ident and user is the server's.
    CASE WHEN NOT regexp_matches(t, '^\S+ [\w:\[]\S* (?:\S+ ){0,2}?- \S+ \[\d')
      THEN first_of(t, '^(?:[\w.-]+:\d+ |")?(?:(?:[A-Z]{4,8}:\s*)(?:[A-Za-z_][\w.]*:)??)?\[?(' || address() || ')\]?(?::\d+)?"?,? ') END,
    first_of(t, '(?i)(?:^|[\s"''{,(;|\[]):?(?:(?:http|req(?:uest)?)[._]){0,2}'
      '(?:from|ip|(?:remote|client|source|src|peer)[_.-]?(?:ip|addr|address)?|fwd)["'']?(?:=>|[=:\s]+)["'']?\[?'
      '(' || address() || ')'),
    -- What was handed on: of several, sql/load/receipts.sql takes the client's.
    first_of(t, '(?i)\bx[_-]forwarded[_-]for["'']?(?:=>|[=:])\s*["'']?([0-9a-f.:]+(?:, ?[0-9a-f.:]+)*)["'']'),
    first_of(t, '\b(?:' || methods() || ') +(?:"[^"]*"|/\S*) (?:for |\()([0-9a-f]*[.:][0-9a-f]*[.:][0-9a-f.:]+)'),
    first_of(t, '\b(?:' || methods() || ') [1-5]\d\d (?:\S+ )?(' || address() || ') /'),
    -- In front of a line of columns; right behind an access log's time, or last before its request.
    first_of(t, '(?:^(?:"?\d{4}-[^,]*,)?"?|[|\t] *)(' || address() || ')(?::\d+)?"? *[,|\t](?:.*[,|\t])? *"?(?:' || methods() || ')"?[,|\s]'),
    first_of(t, '^(?:\S+ ){0,2}\[\d{1,2}/[A-Z][a-z]{2}/\d{4}:[^\]]*\] \[?(' || address() || ')\]?(?::\d+)? (?:.*[ "])?"?(?:' || methods() || ') '),
    first_of(t, '(?:^|[\s"''(\[|,])(' || address() || ')\]?(?::\d+)?\]?:?(?: - \S+| -| \|)*(?: \[[^\]]*\])?(?: -)? '
      '(?:["\\]+(?:' || methods() || ') |(?:' || methods() || ') (?:\S+ HTTP/|"/|(?:https? )?/\S* [1-5]\d\d(?: |$)))')
  )
);

-- The id that lines of one request share, under its name; else that of the job in which it is worked
-- on, once or more often.
CREATE MACRO id_after(t, names) AS (
  first_of(t, '(?i)(?:^|[\s"''{,(;|\[])' || names || '["'']?\s*(?:=>|[=:])\s*["'']?([0-9a-z][0-9a-z_.:/+-]*=*)')
);
CREATE MACRO scan_id(t) AS (
  coalesce(
    id_after(t, '(?:x[_-])?(?:(?:request|req|correlation|trace)[._-]?id|correlation)'),
    id_after(t, '(?:job[_ -]?id|jid)')
  )
);

-- How long a request took, as a number with its unit, which its name may end in; a number alone says
-- nothing. trailing_duration: where a request shows its status, the one number of milliseconds.
CREATE MACRO named_duration(t) AS (
  regexp_extract(
    t, '(?i)(?:^|[\s"''{,(;|])(?:(?:http|re[qs][a-z]*)[._]){0,2}(?:duration|elapsed|latency|took|(?:response|request)[_-]?time)[_-]?(?:in[_-])?'
    '(?P<unit>ms|millis|milliseconds|s|sec|seconds|us|micros|ns)["'']?\s*(?:=>|[=:])\s*["'']?(?P<n>\d+(?:\.\d+)?)\b',
    ['unit', 'n']
  )
);
CREATE MACRO scan_duration(t) AS (
  CASE
    WHEN regexp_matches(t, '(?i)\b(?:retry|retrying|again|expires?|timeout|timed out)\b') THEN NULL
    WHEN regexp_matches(t, '\d ?(?:[nuµm]?s|msecs?|secs?|seconds?)\b')
      THEN first_of(t, '(?i)(?:^|[\s"''{,(;|])(?:(?:http|re[qs][a-z]*)[._]){0,2}'
        '(?:in|took|after|duration|elapsed|latency(?:_human)?|response[_-]?time|request[_-]?time)["'']?[=:\s]+["'']?'
      '(\d+(?:\.\d+)? ?(?:[nuµm]?s|msecs?|secs?|seconds?))\b')
    -- nginx's own name, and its three decimals of a second.
    WHEN contains(t, 'request_time') THEN first_of(t, '\brequest_time[=:] ?"?(\d+\.\d{3})(?:[^\w.]|$)') || 's'
  END
);
CREATE MACRO trailing_duration(t) AS (
  CASE WHEN len(regexp_extract_all(t, '[\s|(](\d+(?:\.\d+)? ?(?:ms|µs|(?:milli|micro)seconds))(?:[^\w:=]|$)', 1)) = 1
    THEN first_of(t, '[\s|(](\d+(?:\.\d+)? ?(?:ms|µs|(?:milli|micro)seconds))(?:[^\w:=]|$)')
    -- No clock shows 0:00:02.782343.
    ELSE coalesce(first_of(t, '(?: [1-5]\d\d |["|] *)(\d+(?:\.\d+)?s)(?: *\||$)'), epoch_us(TRY_CAST(
      first_of(t, '[\s|](\d:\d\d:\d\d\.\d{6})(?:[\s|]|$)') AS INTERVAL)) || 'us')
  END
);

-- The word for the severity in the head of a line.
CREATE MACRO scan_level(t) AS (
  nullif(regexp_extract(
    left(t, 300),
    '(?:^|[\s\[(|.:"])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|LOG|VERBOSE|INF|WRN|ERR|DBG|FTL)'
    '(?:[\s\])|:,/"]|$)|(?:level|lvl|severity)="?(\w+)|[\[.](?i:trace|debug|info|notice|warn|warning|error|critical|fatal)\]|'
    '^(?:trce|dbug|info|warn|fail|crit): ', 0
  ), '')
);

-- Whether a line tells of an error, and names neither an event nor a request, but for one of which
-- nothing but its end is told: a function that a platform stopped.
CREATE MACRO alarms(t) AS (
  CASE
    WHEN regexp_matches(
      t, '(?:^|[\s\[(|.:"])(?:ERROR|CRITICAL|FATAL|SEVERE|ERR|FTL|CRIT|EMERG)[\s\])|:,/"]|'
      '(?i:(?:level|lvl|severity)"?[=:] ?"?(?:err|crit|fatal|panic|[56]0\b)|[\[.](?:error|crit|fatal|emerg|alert))|'
      '^(?:fail|crit): |[a-z](?:Error|Exception)\b|\bpanic: |\bSIG(?:KILL|TERM|ABRT|SEGV)\b|'
      '(?i:\btimed out\b|\btimeout\b.* exceeded|status: .?timeout)'
    ) THEN regexp_matches(t, '(?i)\btimed out after\b')
      OR NOT regexp_matches(t, '\b(?:POST|PUT) |[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-')
    ELSE FALSE
  END
);

-- Whether a logger says that it has lost lines, or a server that it could not write any.
CREATE MACRO says_lost(t) AS (
  regexp_matches(t,
    '(?i)\bsuppressed \d+ messages\b|\b(?:messages|lines|logs|records|entries|events)\W+(?:were )?(?:lost|dropped|discarded)\b|'
    '\b(?:lost|dropp(?:ed|ing)|discard(?:ed|ing)) (?:\d+ )?(?:log )?(?:messages|lines|logs|records|entries|events|event of level)\b|'
    '\bNo space left on device\b')
  AND NOT regexp_matches(t, '[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-')
);

-- The id that a line bears in front, as a tag or under its name: by it a line without a time belongs
-- to the one before it.
CREATE MACRO line_tag(t) AS (
  CASE
    -- One look for all three: most lines have none of them, and a coalesce asks all.
    WHEN regexp_matches(t,
      '(?i:req(?:uest)?|trace|job)[ ._-]?(?i:id)|\bjid=|(?i:correlation)|\[[0-9a-f-]{16}|^\[[A-Z]+\]\t')
    THEN coalesce(
      first_of(t, '(?:^|-- \S*: )\[([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,32})\](?: |$)'), scan_id(t),
      first_of(t, '^\[[A-Z]+\]\t\S+\t([0-9a-f-]{36})\t')
    )
  END
);
