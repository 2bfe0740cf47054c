/* proofs: the lines that show a finding by what they say, of events of the period or of none.
   grain:  one line and stance; stance NULL: all are for it
   inputs: judged, finding_evidence, files; $rule, $url: the finding; $most */
SELECT
  e.* REPLACE (CASE WHEN MIN(stance) OVER () = 'against' THEN stance END AS stance),
  f.path AS file, COUNT(*) OVER () AS total
FROM finding_evidence AS e
LEFT JOIN files AS f ON f.file_id = e.file_id
WHERE e.rule_id = $rule
  AND e.endpoint_url = $url
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
FROM told
GROUP BY rule_id, endpoint_url
