/* reasons: why something cannot be told, as a code with parameters: code key=value key=value.
   words.py says them in English. Times are those that the log or export itself shows. */
CREATE OR REPLACE TEMP MACRO reason(
  code, stream := NULL, export := NULL, file := NULL, url := NULL, address := NULL, status := NULL,
  minutes := NULL, lacking := NULL, answers := NULL, holds := NULL, "at" := NULL, since := NULL,
  until := NULL
) AS CONCAT_WS(
  ' ', code, 'stream=' || stream, 'export=' || export, 'file=' || file, 'url=' || url,
  'address=' || address, 'status=' || status, 'minutes=' || minutes, 'lacking=' || lacking,
  'answers=' || answers, 'holds=' || holds, 'at=' || STRFTIME("at", '%Y-%m-%dT%H:%M'),
  'from=' || STRFTIME(since, '%Y-%m-%dT%H:%M'), 'until=' || STRFTIME(until, '%Y-%m-%dT%H:%M')
);

-- From when on what names an event is taken for its attempt's: of one that tells no time, from the
-- middle of its interval, or half a minute after the beginning.
CREATE OR REPLACE TEMP MACRO turn_of(since, until) AS (
  since + LEAST(COALESCE(until - since, INTERVAL '0 seconds'), INTERVAL '1 minute') / 2
);

-- Answers of what stands before an application, in its place: a proxy's; Cloudflare's are 520 to 530.
CREATE OR REPLACE TEMP MACRO is_proxys(status) AS (
  status BETWEEN 502 AND 504 OR status BETWEEN 520 AND 530
);

-- Whether an endpoint accepted requests both before and after a moment, no further off than `reach`.
CREATE OR REPLACE TEMP MACRO amid(moment, earlier_at, later_at, reach) AS (
  earlier_at >= moment - reach AND later_at <= moment + reach
);

-- The words that a histogram counts, the most frequent first.
CREATE OR REPLACE TEMP MACRO frequent_first(counts) AS array_to_string(list_transform(
  list_sort(list_transform(map_entries(counts), lambda e: (-CAST(e.value AS BIGINT), e.key))), lambda e: e[2]
), ', ');

-- Answers that nobody waited for: nginx and a load balancer log so that the client had left.
CREATE OR REPLACE TEMP MACRO sender_left(status) AS (status IN (460, 499));

-- Errors that prove that no request went out.
CREATE OR REPLACE TEMP MACRO never_left(error) AS (COALESCE(error IN ('refused', 'dns', 'tls'), FALSE));
-- Answers that refuse (no proxy's own, and nobody had left); marks that end the work on a request.
CREATE OR REPLACE TEMP MACRO refuses(status) AS (status BETWEEN 300 AND 501 AND status NOT IN (408, 460, 499));
CREATE OR REPLACE TEMP MACRO ends_work(mark) AS (mark IN ('processed', 'duplicate', 'failed', 'signature_failed'));

-- Whether two paths differ by more than what a proxy puts in front or takes off.
CREATE OR REPLACE TEMP MACRO unlike(path, other) AS (
  STRPOS(path, other) = 0 AND STRPOS(other, path) = 0
);

-- The words of a line that most events have, whichever path was called, and whatever type of event
-- came (invoice.void): by them it is known again.
CREATE OR REPLACE TEMP MACRO words_of(step, message, http_status) AS (
  hash(
    step,
    CASE WHEN regexp_matches(message, '[/.]|\[(?:…|id)\]') THEN regexp_replace(
      message,
      '(?:^|\s)(?:(?:[\w.-]+=)?"?(?:(?:https?:/)?/\S*|\w+(?:\.\w+)+"?,?)|[\w.-]+="?\w+/\w+"?,?|\S*\[(?:…|id)\]\S*)', '', 'g'
    ) ELSE message END,
    http_status IS NULL
  )
);

-- Whether a line says that the work begins, is put off, or is not done.
CREATE OR REPLACE TEMP MACRO leaves_open(message) AS (
  regexp_matches(
    message,
    '(?i)(?:^|[^a-z])(?:(?:en|re)?queu(?:e?d|e?ing)|(?:schedul|deferr|dispatch|publish|submitt)(?:ed|ing)|'
    'hand(?:ed|ing).(?:off|over)|(?:add|push|put|sent)\w* .{0,12}queue|will.be \w+|later|'
    '(?:process|handl|start|begin|retry|try)\w*ing|(?:skip|dropp|ignor|discard)\w+)(?:[^a-z]|$)'
  )
);

-- Whether a line about a failure says that the work will be tried again.
CREATE OR REPLACE TEMP MACRO announces_retry(message) AS (
  regexp_matches(message, '(?i)\bretr(?:y|ying|ied)\b|\bnext.attempt\b|\bre-?queu')
  AND NOT regexp_matches(message, '(?i)exhaust|g(?:ave|iving).up|\bno\b|\bmax|\blast\b|\bfinal|without|permanent|\bdead\b')
);

-- Whether a key is of the sample from which a habit is learnt: some twenty thousand of so many rows.
-- The cast keeps the remainder in 64 bits; in 128 it takes fifty times as long.
CREATE OR REPLACE TEMP MACRO sampled(key, total) AS (
  hash(key) % CAST(total // 20000 + 1 AS UBIGINT) = 0
);

-- The same for endpoints: all keys of a small one (of at most so many rows `here`), a twentieth or
-- more of a larger one.
CREATE OR REPLACE TEMP MACRO sampled_at(key, here, total) AS (
  here <= 20000 OR (here <= 400000 AND sampled(key, 400000)) OR sampled(key, total)
);

-- Of `events` (endpoint_url, layer, event_uuid, arrived_at, told) the layers that usually tell:
-- half of the events, or eight of ten in a row, for an outage, however long, does not unlearn what a
-- log told before it. Only where a layer tells of less than half are the rows looked at in order.
CREATE OR REPLACE TEMP MACRO usually_tell(events) AS TABLE
WITH shares AS (
  SELECT endpoint_url, layer, COUNT(*) FILTER (told) / COUNT(*) AS share
  FROM query_table(events)
  GROUP BY ALL
)
SELECT endpoint_url, layer FROM shares WHERE share >= 0.5
UNION ALL
SELECT endpoint_url, layer
FROM (
  SELECT endpoint_url, layer, COUNT(*) FILTER (told) OVER (
      PARTITION BY endpoint_url, layer ORDER BY arrived_at, event_uuid ROWS 9 PRECEDING
    ) AS told_of_ten
  FROM query_table(events)
  JOIN shares USING (endpoint_url, layer)
  WHERE share > 0 AND share < 0.5
)
GROUP BY ALL
HAVING MAX(told_of_ten) >= 8;
