/* evidence_lines: the rows of both sides' logs that tell of some events, each by its own clock.
   grain:  one row of a log and event
   inputs: attempt_records, receipt_records, receipts, matches, generations, files;
           $uuids: the events

   A line tells of an event that it names, or as part of a request that was matched to it. */
WITH linked AS (
  SELECT
    event_uuid, receipt_id,
    receipt_id // 10000000000000 AS generation_id, receipt_id % 10000000000000 AS byte_offset,
    ANY_VALUE(match_rule) AS match_rule, MAX(score) AS score
  FROM matches
  WHERE event_uuid IN (SELECT UNNEST($uuids))
  GROUP BY ALL
),
named AS (
  SELECT
    UNNEST(LIST_PREPEND(event_uuid, candidate_uuids)) AS event_uuid, generation_id, byte_offset
  FROM receipt_records
  WHERE event_uuid IN (SELECT UNNEST($uuids)) OR LIST_HAS_ANY(candidate_uuids, $uuids)
),
told AS (
  SELECT event_uuid, generation_id, byte_offset
  FROM named
  WHERE event_uuid IN (SELECT UNNEST($uuids))
  UNION
  SELECT event_uuid, generation_id, byte_offset FROM linked
  UNION
  SELECT k.event_uuid, r.generation_id, r.byte_offset
  FROM linked AS k
  JOIN receipts AS q ON q.receipt_id = k.receipt_id AND q.lines > 1
  JOIN receipt_records AS r
    ON r.request_id = q.request_id AND r.logged_at BETWEEN q.received_at AND q.ended_at
  JOIN generations AS g ON g.generation_id = r.generation_id AND g.stream = q.stream
)
SELECT
  t.event_uuid, g.layer AS side, r.logged_at, r.step AS status, r.http_status, r.method, r.path,
  r.message, r.exception, k.match_rule, k.score, f.path AS file, r.line, r.byte_offset
FROM told AS t
JOIN receipt_records AS r ON r.generation_id = t.generation_id AND r.byte_offset = t.byte_offset
JOIN files AS f ON f.file_id = r.file_id
JOIN generations AS g ON g.generation_id = r.generation_id
LEFT JOIN linked AS k
  ON k.event_uuid = t.event_uuid AND k.generation_id = t.generation_id
  AND k.byte_offset = t.byte_offset
UNION ALL BY NAME
SELECT
  a.event_uuid, 'sender' AS side, a.attempted_at AS logged_at, a.status, a.http_status,
  a.error_kind, a.endpoint_url, f.path AS file, a.line, a.byte_offset
FROM attempt_records AS a
JOIN files AS f ON f.file_id = a.file_id
WHERE a.event_uuid IN (SELECT UNNEST($uuids))
ORDER BY event_uuid, logged_at NULLS LAST, side, file, line
