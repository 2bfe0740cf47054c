/* findings: about deliveries of the period, or about an endpoint or a log in it; by rank.
   grain:  one rule and endpoint
   inputs: findings, finding_deliveries, finding_spans, judged */
WITH windowed_findings AS (
  SELECT
    f.rule_id, f.endpoint_url,
    COUNT(*) AS deliveries, MIN(j.happened_at) AS first_at, MAX(j.happened_at) AS last_at
  FROM finding_deliveries AS f
  JOIN judged($since, $until, $endpoint, $event_type) AS j USING (event_uuid, endpoint_url)
  GROUP BY f.rule_id, f.endpoint_url
  UNION ALL
  SELECT
    f.rule_id, f.endpoint_url, 0 AS deliveries, MIN(s.starts_at) AS first_at,
    MAX(s.ends_at) AS last_at
  FROM findings AS f
  JOIN finding_spans AS s ON s.rule_id = f.rule_id AND s.endpoint_url = f.endpoint_url
  WHERE f.deliveries = 0
    AND COALESCE(touches(s.starts_at, s.ends_at, $since, $until), TRUE)
    AND (f.endpoint_url = '' OR at_endpoint(f.endpoint_url, $endpoint))
  GROUP BY f.rule_id, f.endpoint_url
)
SELECT
  f.rule_id, f.title, f.severity, f.cause, f.guide_step, f.endpoint_url,
  w.deliveries, w.first_at, w.last_at, f.explain, f.next_check,
  COALESCE(f.confidence, 0) AS confidence, f.rank, COALESCE(f.evidence, '') AS evidence,
  COALESCE(f.against, '') AS against,
  (
    SELECT COUNT(*) FROM finding_deliveries AS d
    WHERE d.rule_id = f.rule_id AND d.endpoint_url = f.endpoint_url
      AND d.happened_at >= CAST($since AS TIMESTAMP) - INTERVAL '28 days'
      AND d.happened_at < CAST($since AS TIMESTAMP)
  ) AS before
FROM windowed_findings AS w
JOIN findings AS f ON f.rule_id = w.rule_id AND f.endpoint_url = w.endpoint_url
ORDER BY f.rank, f.rule_id, f.endpoint_url
