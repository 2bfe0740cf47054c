/* findings: one rule's statement about one endpoint, with how well it is supported; worst first.
   grain:  one rule and endpoint
   inputs: chosen_rows, rule_signs, rule_headers, rule_texts, deliveries, attempt_records,
           generations

   confidence is what was found of the required evidence, over all deliveries of the finding;
   evidence that speaks against it counts as much as evidence that is missing, and where it speaks
   against most of them, the finding comes last of its severity. A finding is as
   severe as its rule says while something is left to mend: a critical one of which every event has
   arrived by now is a warning. */
WITH counted_rows AS (
  SELECT
    c.rule_id, c.endpoint_url,
    COUNT(*) AS row_count, COUNT(c.event_uuid) AS deliveries,
    MIN(c.happened_at) AS first_at, MAX(c.ends_at) AS last_at,
    2 * COUNT(*) FILTER (c.contradicted) > COUNT(*) AS contradicted,
    COALESCE(BOOL_AND(
      d.outcome IN ('recovered', 'delivered', 'unacknowledged')
      OR (d.outcome = 'duplicated' AND COALESCE(d.processed_count, 1) <= 1)
    ), FALSE) AS settled
  FROM chosen_rows AS c
  LEFT JOIN deliveries AS d ON d.event_uuid = c.event_uuid AND d.endpoint_url = c.endpoint_url
  GROUP BY c.rule_id, c.endpoint_url
),
-- The format's id begins with the sender's name.
exports AS (
  SELECT DISTINCT COALESCE(a.endpoint_url, '') AS endpoint_url, SPLIT_PART(g.format, '_', 1) AS sender
  FROM (SELECT DISTINCT endpoint_url, generation_id FROM attempt_records) AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
),
-- Without an endpoint: the sender of all exports.
senders AS (
  SELECT endpoint_url, MIN(sender) AS sender
  FROM exports GROUP BY GROUPING SETS ((endpoint_url), ())
  HAVING MIN(sender) = MAX(sender) AND endpoint_url IS DISTINCT FROM ''
),
counted_signs AS (
  SELECT
    s.rule_id, s.endpoint_url, s.piece, s.stance,
    COUNT(*) FILTER (WHERE s.holds) AS held, COUNT(*) AS asked
  FROM rule_signs AS s
  JOIN chosen_rows AS c
    ON c.rule_id = s.rule_id AND c.endpoint_url = s.endpoint_url
    AND c.event_uuid IS NOT DISTINCT FROM s.event_uuid
  GROUP BY s.rule_id, s.endpoint_url, s.piece, s.stance
),
summed_signs AS (
  SELECT
    rule_id, endpoint_url,
    SUM(CASE WHEN stance = 'for' THEN held ELSE 0 END) * 1.0
      / SUM(CASE WHEN stance = 'for' THEN asked ELSE held END) AS confidence,
    STRING_AGG(piece || '=' || held || '/' || asked, ' ' ORDER BY piece)
      FILTER (stance = 'for') AS evidence,
    STRING_AGG(piece || '=' || held || '/' || asked, ' ' ORDER BY piece)
      FILTER (stance = 'against' AND held > 0) AS against
  FROM counted_signs GROUP BY rule_id, endpoint_url
)
SELECT
  r.rule_id, h.title,
  CASE
    WHEN h.severity = 'critical' AND r.deliveries > 0 AND r.settled THEN 'warning'
    ELSE h.severity
  END AS severity,
  h.cause, h.guide_step, r.endpoint_url, r.deliveries, r.first_at, r.last_at,
  COALESCE(t.explain, h.explain) AS explain, COALESCE(t.next_check, h.next_check) AS next_check,
  w.confidence,
  ROW_NUMBER() OVER (
    ORDER BY
      list_position(['critical', 'warning', 'info'], alias.severity), r.contradicted, h.place >= 80,
      r.deliveries * w.confidence DESC, w.confidence DESC, r.rule_id, r.endpoint_url
  ) AS "rank",
  w.evidence, COALESCE(w.against, '') AS against
FROM counted_rows AS r JOIN rule_headers AS h ON h.rule_id = r.rule_id
JOIN summed_signs AS w ON w.rule_id = r.rule_id AND w.endpoint_url = r.endpoint_url
LEFT JOIN senders AS s
  ON s.endpoint_url IS NOT DISTINCT FROM
    CASE WHEN r.endpoint_url IN (SELECT endpoint_url FROM exports) THEN r.endpoint_url END
LEFT JOIN rule_texts AS t ON t.rule_id = r.rule_id AND t.sender = s.sender
