/* findings: one rule's statement about one endpoint, with how well it is supported; worst first.
   grain:  one rule and endpoint
   inputs: chosen_rows, rule_signs, rule_headers, rule_pieces, deliveries

   confidence is what was found of the required evidence, over all deliveries of the finding;
   evidence that speaks against it counts as much as evidence that is missing. A finding is as
   severe as its rule says while something is left to mend: a critical one of which every event has
   arrived by now is a warning. */
WITH counted_rows AS (
  SELECT
    c.rule_id, c.endpoint_url,
    COUNT(*) AS row_count, COUNT(c.event_uuid) AS deliveries,
    MIN(c.happened_at) AS first_at, MAX(c.ends_at) AS last_at,
    COALESCE(BOOL_AND(
      d.outcome IN ('recovered', 'delivered', 'unacknowledged')
      OR (d.outcome = 'duplicated' AND COALESCE(d.processed_count, 1) <= 1)
    ), FALSE) AS settled
  FROM chosen_rows AS c
  LEFT JOIN deliveries AS d ON d.event_uuid = c.event_uuid AND d.endpoint_url = c.endpoint_url
  GROUP BY c.rule_id, c.endpoint_url
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
worded_signs AS (
  SELECT
    n.rule_id, n.endpoint_url,
    SUM(CASE WHEN n.stance = 'for' THEN n.held ELSE 0 END) * 1.0
      / SUM(CASE WHEN n.stance = 'for' THEN n.asked ELSE n.held END) AS confidence,
    STRING_AGG(
      CASE WHEN n.stance = 'for' AND n.held > 0
        THEN p.words || CASE
          WHEN n.asked > 1 THEN ' (' || n.held || ' of ' || n.asked || ')' ELSE ''
        END
      END, '; ' ORDER BY p.place
    ) AS shown,
    STRING_AGG(
      CASE WHEN n.stance = 'for' AND n.held = 0 THEN p.words END, '; ' ORDER BY p.place
    ) AS missing,
    STRING_AGG(
      CASE WHEN n.stance = 'against' AND n.held > 0
        THEN p.words || CASE
          WHEN n.asked > 1 THEN ' (' || n.held || ' of ' || n.asked || ')' ELSE ''
        END
      END, '; ' ORDER BY p.place
    ) AS against
  FROM counted_signs AS n
  JOIN rule_pieces AS p ON p.rule_id = n.rule_id AND p.piece = n.piece
  GROUP BY n.rule_id, n.endpoint_url
),
graded_rows AS (
  SELECT
    r.*, w.confidence, w.shown, w.missing, w.against,
    CASE
      WHEN h.severity = 'critical' AND r.deliveries > 0 AND r.settled THEN 'warning'
      ELSE h.severity
    END AS severity,
    h.title, h.cause, h.guide_step, h.explain, h.next_check, h.is_fallback
  FROM counted_rows AS r
  JOIN rule_headers AS h ON h.rule_id = r.rule_id
  JOIN worded_signs AS w ON w.rule_id = r.rule_id AND w.endpoint_url = r.endpoint_url
)
SELECT
  rule_id, title, severity, cause, guide_step, endpoint_url, deliveries, first_at, last_at,
  explain, next_check, confidence,
  ROW_NUMBER() OVER (
    ORDER BY
      CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END NULLS LAST,
      is_fallback NULLS LAST, deliveries * confidence DESC NULLS LAST, confidence DESC NULLS LAST,
      rule_id NULLS LAST, endpoint_url NULLS LAST
  ) AS "rank",
  CONCAT_WS(' ', 'Shown: ' || shown || '.', 'Not shown: ' || missing || '.') AS evidence,
  COALESCE(against, '') AS against
FROM graded_rows
