/* chosen_rows: each delivery with the one rule that explains it best.
   grain:  one row that a rule has selected: a delivery, or an endpoint where no delivery is named
   inputs: rule_rows, rule_signs, rule_headers

   First come causes whose required evidence is whole, in the order of the rules; then causes with
   part of it; then rules that only say what happened (place 80 on). What is contradicted comes after
   all of these: a wrong cause is worse than none (contradicted). */
WITH weighed_rows AS (
  SELECT
    rule_id, endpoint_url, event_uuid,
    BOOL_OR(stance = 'against' AND holds) AS contradicted,
    SUM(CASE WHEN stance = 'for' AND holds THEN 1.0 ELSE 0 END) / SUM(
      CASE WHEN stance = 'for' OR holds THEN 1 ELSE 0 END
    ) AS support
  FROM rule_signs GROUP BY rule_id, endpoint_url, event_uuid
)
SELECT r.*, w.contradicted
FROM rule_rows AS r JOIN rule_headers AS h ON h.rule_id = r.rule_id
JOIN weighed_rows AS w
  ON w.rule_id = r.rule_id AND w.endpoint_url = r.endpoint_url
  AND w.event_uuid IS NOT DISTINCT FROM r.event_uuid
QUALIFY r.event_uuid IS NULL OR ROW_NUMBER() OVER (
  PARTITION BY r.endpoint_url, r.event_uuid
  ORDER BY w.contradicted, h.place >= 80, w.support < 1,
    CASE WHEN w.support = 1 THEN h.place END, w.support DESC, h.place, r.rule_id
) = 1
