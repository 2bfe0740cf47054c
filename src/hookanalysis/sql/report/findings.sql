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
  SELECT rule_id, endpoint_url, 0, MIN(starts_at), MAX(ends_at)
  FROM finding_spans
  WHERE COALESCE(touches(starts_at, ends_at, $since, $until), TRUE)
    AND (endpoint_url = '' OR at_endpoint(endpoint_url, $endpoint))
  GROUP BY rule_id, endpoint_url
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
WHERE w.deliveries > 0 OR f.deliveries = 0
ORDER BY f.rank, f.rule_id, f.endpoint_url

/* proofs: the lines that show a finding by what they say, of events of the period or of none.
   grain:  one line and stance; stance NULL: all are for it
   inputs: judged, finding_evidence, files; $rule, $url: the finding; $most */
SELECT
  e.* REPLACE (CASE WHEN MIN(stance) OVER () = 'against' THEN stance END AS stance),
  f.path AS file, COUNT(*) OVER () AS total
FROM finding_evidence AS e
LEFT JOIN files AS f ON f.file_id = e.file_id
WHERE e.rule_id = $rule AND e.endpoint_url = $url
  AND (e.side IS NULL OR COALESCE(CAST(e.http_status AS VARCHAR), e.error_kind, e.message) <> '')
  AND (
    e.event_uuid IS NULL
    OR e.event_uuid IN (SELECT event_uuid FROM judged($since, $until, $endpoint, $event_type))
  )
ORDER BY e.stance, e.happened_at NULLS LAST, f.path, e.line, e
LIMIT $most

/* seen: what shows each finding of the period: the answers, the failures, and three lines.
   grain:  one rule and endpoint
   inputs: judged, finding_evidence, files

   The three tell most of the first delivery; where it has fewer, of the next ones too. */
WITH told AS (
  SELECT
    e.*, f.path AS file,
    MIN(e.happened_at) OVER (PARTITION BY e.rule_id, e.endpoint_url, e.event_uuid) AS begins_at,
    CASE
      WHEN e.side IS NULL OR e.side = 'sender' AND e.status <> 'success' THEN 0
      WHEN e.message IS NOT NULL THEN 1
      WHEN e.http_status IS NOT NULL THEN 2
      ELSE 3
    END AS place,
    COALESCE(CAST(e.http_status AS VARCHAR), e.error_kind) AS answer
  FROM finding_evidence AS e
  LEFT JOIN files AS f ON f.file_id = e.file_id
  WHERE CASE
    WHEN e.event_uuid IS NULL THEN COALESCE(in_period(e.happened_at, $since, $until), TRUE)
    ELSE e.event_uuid IN (SELECT event_uuid FROM judged($since, $until, $endpoint, $event_type))
  END
)
SELECT
  rule_id, endpoint_url,
  COALESCE(
    HISTOGRAM(answer) FILTER (side = 'sender' AND place = 0 AND answer IS NOT NULL),
    HISTOGRAM(answer) FILTER (side = 'sender' AND answer IS NOT NULL), MAP {}
  ) AS answers,
  COALESCE(HISTOGRAM(message) FILTER (message IS NOT NULL), MAP {}) AS messages,
  COALESCE(LIST(told ORDER BY begins_at, event_uuid, place, happened_at, file, line, told)
    FILTER (COALESCE(happened_at < begins_at + INTERVAL 1 HOUR, TRUE)), [])[:3] AS lines
FROM told GROUP BY rule_id, endpoint_url
