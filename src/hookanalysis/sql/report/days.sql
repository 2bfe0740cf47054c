/* days: each day's deliveries, by the reader's calendar; tests left out.
   grain:  one day
   inputs: judged; $zone: whose calendar */
SELECT
  step_of(happened_at, 'day', $zone) AS step_at,
  COUNT(*) FILTER (WHERE outcome NOT IN ('pending', 'unexpected') AND NOT unlisted) AS judged,
  COUNT(*) FILTER (
    WHERE outcome IN ('delivered', 'recovered', 'duplicated', 'unacknowledged')
  ) AS delivered,
  COUNT(*) FILTER (WHERE outcome = 'missed') AS missed,
  COUNT(*) FILTER (WHERE outcome = 'undetermined' AND NOT unlisted) AS undetermined,
  COUNT(*) FILTER (WHERE outcome = 'refused') AS refused,
  COUNT(*) FILTER (WHERE outcome = 'unprocessed') AS unprocessed,
  COUNT(*) FILTER (WHERE outcome = 'duplicated') AS duplicated
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test AND happened_at IS NOT NULL
GROUP BY 1
ORDER BY step_at
