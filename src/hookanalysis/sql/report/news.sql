/* news: findings of a day and of the weeks before it; what stands in both goes on.
   grain:  one rule and endpoint; what is new first
   inputs: findings, finding_deliveries; $since and $until: the day; $from: start of the weeks */
SELECT
  f.rule_id,
  f.title,
  f.severity,
  f.endpoint_url,
  COUNT(*) FILTER (d.happened_at >= CAST($since AS TIMESTAMP)) AS today,
  COUNT(*) FILTER (d.happened_at < CAST($since AS TIMESTAMP)) AS before,
  MAX(d.happened_at) FILTER (d.happened_at < CAST($since AS TIMESTAMP)) AS before_at,
  CASE WHEN before = 0 THEN 'new' WHEN today > 0 THEN 'ongoing' ELSE 'quiet' END AS state
FROM findings AS f
INNER JOIN finding_deliveries AS d USING (rule_id, endpoint_url)
WHERE in_period(d.happened_at, $from, $until)
GROUP BY f.rule_id, f.rank, f.title, f.severity, f.endpoint_url
ORDER BY state <> 'new', f.rank NULLS LAST, f.rule_id, f.endpoint_url
