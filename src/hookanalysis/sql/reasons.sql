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
