/* findings: those that are about deliveries of the period, counted within it; the worst first.
   grain:  one rule and endpoint
   inputs: findings, finding_deliveries, judged */
WITH windowed_findings AS (
  SELECT
    f.rule_id, f.endpoint_url,
    COUNT(*) AS deliveries, MIN(j.happened_at) AS first_at, MAX(j.happened_at) AS last_at
  FROM finding_deliveries AS f
  JOIN judged AS j ON j.event_uuid = f.event_uuid AND j.endpoint_url = f.endpoint_url
  GROUP BY f.rule_id, f.endpoint_url
)
SELECT
  f.rule_id, f.title, f.severity, f.cause, f.guide_step, f.endpoint_url,
  w.deliveries, w.first_at, w.last_at, f.explain, f.next_check
FROM windowed_findings AS w
JOIN findings AS f ON f.rule_id = w.rule_id AND f.endpoint_url = w.endpoint_url
ORDER BY
  CASE f.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END,
  w.deliveries DESC, f.rule_id, f.endpoint_url
