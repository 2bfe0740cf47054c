/* chosen_rows: each delivery with the one rule that explains it best.
   grain:  one row that a rule has selected: a delivery, or an endpoint where no delivery is named
   inputs: rule_rows, rule_signs, rule_headers

   First come causes whose required evidence is whole, in the order of the rules; then causes with
   part of it; then rules that only say what happened (fallback). What is contradicted comes after
   all of these: a wrong cause is worse than none (contradicted). */
WITH weighed_rows AS (
  SELECT
    rule_id, endpoint_url, event_uuid,
    BOOL_OR(stance = 'against' AND holds) AS contradicted,
    SUM(CASE WHEN stance = 'for' AND holds THEN 1.0 ELSE 0 END) / SUM(
      CASE WHEN stance = 'for' OR holds THEN 1 ELSE 0 END
    ) AS support
  FROM rule_signs
  GROUP BY rule_id, endpoint_url, event_uuid
),
ranked_rows AS (
  SELECT
    r.rule_id, r.endpoint_url, r.event_uuid, r.happened_at, r.ends_at, r.what, w.contradicted,
    ROW_NUMBER() OVER (
      PARTITION BY r.endpoint_url, r.event_uuid
      ORDER BY w.contradicted, h.is_fallback, CASE WHEN w.support = 1 THEN 0 ELSE 1 END,
        CASE WHEN w.support = 1 THEN h.place END, w.support DESC,
        h.place, r.rule_id
    ) AS choice
  FROM rule_rows AS r
  JOIN rule_headers AS h ON h.rule_id = r.rule_id
  JOIN weighed_rows AS w
    ON w.rule_id = r.rule_id AND w.endpoint_url = r.endpoint_url
    AND w.event_uuid IS NOT DISTINCT FROM r.event_uuid
)
SELECT rule_id, endpoint_url, event_uuid, happened_at, ends_at, what, contradicted
FROM ranked_rows
WHERE choice = 1 OR event_uuid IS NULL
