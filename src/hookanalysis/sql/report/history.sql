/* note_days: what became of each day's deliveries, where no earlier run has found the same.
   grain:  one day and endpoint; each day that was reported has a row
   inputs: judged, history; $zone: whose days; $day: the day that the run is about */
INSERT INTO history BY NAME
WITH known AS (
  FROM history WHERE timezone = $zone
  QUALIFY ROW_NUMBER() OVER (PARTITION BY day, endpoint_url ORDER BY as_of DESC) = 1
),
seen AS (
  SELECT
    CAST(step_of(happened_at, 'day', $zone) AS DATE) AS day, endpoint_url, event_uuid, outcome,
    counted, arrived, CONCAT_WS(' ', detail, accepted_count, processed_count) AS verdict
  FROM judged(NULL, $until, NULL, NULL)
  WHERE NOT is_test AND happened_at IS NOT NULL
  UNION ALL BY NAME SELECT day, endpoint_url FROM known
  UNION ALL BY NAME SELECT CAST($day AS DATE) AS day, '' AS endpoint_url
),
found AS (
  SELECT
    day, endpoint_url,
    COUNT(*) FILTER (counted) AS judged, COUNT(*) FILTER (arrived) AS arrived,
    BIT_XOR(MD5_NUMBER_LOWER(CONCAT_WS(' ', event_uuid, outcome, verdict)))
      FILTER (outcome IS NOT NULL) AS verdicts
  FROM seen GROUP BY day, endpoint_url
),
outcomes AS (
  PIVOT (SELECT day, endpoint_url, outcome FROM seen) ON outcome IN (
    'delivered', 'recovered', 'duplicated', 'unacknowledged', 'unprocessed', 'refused', 'missed',
    'pending', 'unexpected', 'undetermined'
  ) USING COUNT(*) GROUP BY day, endpoint_url
)
SELECT
  f.*, o.* EXCLUDE (day, endpoint_url), $zone AS timezone, CAST($day AS DATE) AS as_of,
  FALSE AS pruned
FROM found AS f JOIN outcomes AS o USING (day, endpoint_url)
LEFT JOIN known AS k USING (day, endpoint_url)
WHERE f.day > COALESCE((SELECT MAX(day) FROM history WHERE pruned), '-infinity')
  AND (k.day IS NULL OR f.verdicts IS DISTINCT FROM k.verdicts)

/* changed_days: days before $day of which an earlier run had told something else.
   grain:  one day and outcome; of all endpoints
   inputs: history; $zone: whose days; $day: the day that the run was about */
WITH counts AS (
  UNPIVOT (FROM history WHERE timezone = $zone AND as_of <= $day AND day < $day)
  ON COLUMNS(* EXCLUDE (timezone, day, endpoint_url, as_of, judged, arrived, verdicts, pruned))
  INTO NAME outcome VALUE deliveries
),
latest AS (
  SELECT
    day, outcome, MAX(as_of) = $day AS touched, ARG_MAX(deliveries, as_of) AS now,
    ARG_MAX(deliveries, as_of) FILTER (as_of < $day) AS before
  FROM counts GROUP BY day, endpoint_url, outcome
)
SELECT day, outcome, CAST(COALESCE(SUM(before), 0) AS BIGINT) AS before, CAST(SUM(now) AS BIGINT) AS now
FROM latest
WHERE day <= (SELECT MAX(as_of) FROM history WHERE timezone = $zone AND as_of < $day)
GROUP BY day, outcome
HAVING BOOL_OR(touched)
ORDER BY day, now DESC, outcome

/* noted_days: each day as the latest run that told something new of it found it.
   grain:  one day
   inputs: history; $zone: whose days */
SELECT
  day, CAST(SUM(COLUMNS(* EXCLUDE (timezone, day, endpoint_url, as_of, verdicts, pruned, again))) AS BIGINT),
  BOOL_OR(again) AS changed, BIT_XOR(verdicts) AS verdicts
FROM (
  SELECT *, COUNT(*) OVER (PARTITION BY day, endpoint_url) > 1 AS again
  FROM history WHERE timezone = $zone
  QUALIFY ROW_NUMBER() OVER (PARTITION BY day, endpoint_url ORDER BY as_of DESC) = 1
)
GROUP BY day
ORDER BY day

/* trend: what became of the deliveries of each day; tests left out.
   grain:  one step of time and outcome
   inputs: judged; history, for what is pruned; $unit; $zone: whose clock */
WITH pruned AS (
  FROM history WHERE pruned AND timezone = $zone AND at_endpoint(endpoint_url, $endpoint)
    AND COALESCE($event_type, '') = ''
),
days AS (
  SELECT step_of(happened_at, 'day', $zone) AS day, outcome, COUNT(*) AS deliveries
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test AND happened_at IS NOT NULL GROUP BY ALL
  HAVING day > COALESCE((SELECT MAX(day) FROM history WHERE pruned), '-infinity')
  UNION ALL
  SELECT CAST(day AS TIMESTAMP), outcome, deliveries
  FROM (
    UNPIVOT pruned ON COLUMNS(* EXCLUDE (timezone, day, endpoint_url, as_of, judged, arrived, verdicts, pruned))
    INTO NAME outcome VALUE deliveries
  )
  WHERE deliveries > 0 AND in_period(day, $since, $until)
)
SELECT DATE_TRUNC($unit, day) AS step, outcome, CAST(SUM(deliveries) AS BIGINT) AS deliveries
FROM days GROUP BY ALL
ORDER BY step, outcome
