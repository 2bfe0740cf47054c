/* news: findings of a day and of the weeks before it; what stands in both goes on.
   grain:  one rule and endpoint
   inputs: findings, finding_deliveries; $since and $until: the day; $from: start of the weeks */
SELECT
  f.title,
  f.severity,
  f.endpoint_url,
  COUNT(*) FILTER (WHERE d.happened_at >= CAST($since AS TIMESTAMP)) AS today,
  COUNT(*) FILTER (WHERE d.happened_at < CAST($since AS TIMESTAMP)) AS before,
  MAX(CASE WHEN d.happened_at < CAST($since AS TIMESTAMP) THEN d.happened_at END) AS before_at
FROM findings AS f
INNER JOIN finding_deliveries AS d
  ON d.rule_id = f.rule_id AND d.endpoint_url = f.endpoint_url
WHERE d.happened_at >= CAST($from AS TIMESTAMP)
  AND d.happened_at < CAST($until AS TIMESTAMP)
GROUP BY f.rule_id, f.rank, f.title, f.severity, f.endpoint_url
ORDER BY f.rank NULLS LAST, f.rule_id, f.endpoint_url
