/* proofs: the lines on which a finding rests, of events of the period or of none; in order of time.
   grain:  one line and stance; stance NULL: all are for it
   inputs: judged, finding_evidence, files; $rule, $url: the finding; $most */
SELECT
  e.* REPLACE (CASE WHEN MIN(stance) OVER () = 'against' THEN stance END AS stance),
  f.path AS file, COUNT(*) OVER () AS total
FROM finding_evidence AS e
LEFT JOIN files AS f ON f.file_id = e.file_id
WHERE e.rule_id = $rule
  AND e.endpoint_url = $url
  AND (
    e.event_uuid IS NULL
    OR e.event_uuid IN (SELECT event_uuid FROM judged($since, $until, $endpoint, $event_type))
  )
ORDER BY e.stance, e.happened_at NULLS LAST, f.path, e.line
LIMIT $most
