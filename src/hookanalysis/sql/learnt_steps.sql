/* learnt_steps: lines by which an application shows that it received or processed an event, in its
   own words.
   grain:  one layer and kind of line
   inputs: receipt_records, generations, attempt_records

   Words such as done or saved mean nothing by themselves. But where no known word tells of
   processing, a line that most accepted events have, as their last, shows it, or a few such lines,
   if it is worded by the type of event: if other lines of
   theirs come before it, or if refused events, of which the layer tells as well, lack it; but not one
   that says that the work begins, is put off or is not done. Any other line that most events have, as their first, begins a
   request: it shows that one was received. Of a sender that lists no attempts, what came counts as
   accepted.
   A line that names no event, and shows no answer, is of the one that its request's id names
   elsewhere in its log.
   Some twenty thousand events are enough to learn from. */
WITH answers AS (
  SELECT
    event_uuid, BOOL_OR(status = 'success') OR BOOL_AND(status = 'none') AS accepted,
    BOOL_AND(status = 'failed' AND http_status IS NOT NULL) AS refused
  FROM attempt_records WHERE sampled(event_uuid, (SELECT COUNT(*) FROM attempt_records))
  GROUP BY event_uuid
),
named_lines AS (
  FROM (
    FROM receipt_records WHERE event_uuid IS NOT NULL
    UNION ALL
    SELECT * REPLACE (UNNEST(candidate_uuids) AS event_uuid)
    FROM receipt_records WHERE event_uuid IS NULL AND candidate_uuids IS NOT NULL
  )
  SEMI JOIN answers USING (event_uuid)
),
linked_requests AS (
  SELECT generation_id, request_id, MIN(event_uuid) AS event_uuid
  FROM named_lines WHERE request_id IS NOT NULL
  GROUP BY ALL HAVING MIN(event_uuid) = MAX(event_uuid)
),
candidates AS (
  SELECT
    g.layer, g.stream, r.generation_id, r.byte_offset, r.logged_at, r.http_status,
    r.step, r.message, words_of(r.step, r.message, r.http_status) AS kind,
    r.event_uuid
  FROM (
    FROM named_lines
    UNION ALL
    SELECT r.* REPLACE (q.event_uuid AS event_uuid)
    FROM receipt_records AS r JOIN linked_requests AS q USING (generation_id, request_id)
    ANTI JOIN named_lines AS n ON n.generation_id = r.generation_id AND n.byte_offset = r.byte_offset
    WHERE r.http_status IS NULL
  ) AS r
  JOIN generations AS g ON g.generation_id = r.generation_id AND g.layer IN ('app', 'queue')
),
lines AS (
  SELECT
    c.layer, c.event_uuid, c.kind, c.step, c.message, c.http_status, a.accepted, a.refused,
    ROW_NUMBER() OVER in_order = 1 AS is_first, LEAD(c.kind) OVER in_order IS NULL AS is_last,
    MIN(c.kind) OVER event_lines = MAX(c.kind) OVER event_lines AS is_alone
  FROM candidates AS c JOIN answers AS a ON a.event_uuid = c.event_uuid
  WINDOW
    event_lines AS (PARTITION BY c.layer, c.event_uuid),
    in_order AS (
      PARTITION BY c.layer, c.event_uuid ORDER BY c.logged_at, c.stream, c.generation_id, c.byte_offset
    )
),
layers AS (
  SELECT
    layer,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted) AS accepted,
    COUNT(DISTINCT event_uuid) FILTER (WHERE refused) AS refused,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted AND step = 'processed') AS processed
  FROM lines GROUP BY layer
),
kinds AS (
  SELECT
    layer, kind, BOOL_OR(http_status IS NOT NULL) AS answers,
    BOOL_OR(leaves_open(message)) AS open,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted) AS accepted,
    COUNT(DISTINCT event_uuid) FILTER (WHERE refused) AS refused,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted AND is_first) AS first,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted AND is_last) AS last,
    COUNT(DISTINCT event_uuid) FILTER (WHERE accepted AND is_alone) AS alone
  FROM lines WHERE step IS NULL AND message IS NOT NULL
  GROUP BY layer, kind
)
SELECT layer, kind, step
FROM (
  SELECT
    k.layer, k.kind, k.accepted, l.accepted AS of_all,
    CASE
      WHEN l.processed < 0.2 * l.accepted
        AND k.last >= 0.8 * k.accepted AND NOT k.open
        AND (
          k.alone <= 0.2 * k.accepted
          OR (l.refused >= 3 AND k.refused <= 0.2 * l.refused)
        )
        THEN 'processed'
      WHEN k.first >= 0.8 * k.accepted AND NOT k.answers THEN 'received'
    END AS step
  FROM kinds AS k JOIN layers AS l ON l.layer = k.layer
  WHERE k.accepted >= GREATEST(8, 0.1 * l.accepted)
)
WHERE step IS NOT NULL
QUALIFY SUM(accepted) OVER (PARTITION BY layer, step) >= 0.4 * of_all
