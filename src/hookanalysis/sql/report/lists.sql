/* listed_deliveries: the deliveries of some outcomes, in order of time; tests left out.
   grain:  one delivery
   inputs: judged; $outcomes; $by_outcome: is each outcome listed by itself?; $most: how many */
SELECT
  event_uuid, event_type, endpoint_url, happened_at, outcome, detail, first_attempt_at, attempts,
  last_status, last_http_status, last_error_kind, first_receipt_at, accepted_count,
  processed_count, COUNT(*) OVER () AS total
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome IN (SELECT UNNEST($outcomes)) AND NOT is_test
ORDER BY CASE WHEN $by_outcome THEN outcome END, happened_at NULLS LAST, event_uuid, endpoint_url
LIMIT $most

/* resends: what to resend, in which order, and what not to; of the deliveries of the period.
   grain:  one delivery
   inputs: judged, resends; $most: how many */
SELECT
  ROW_NUMBER() OVER (ORDER BY r.position, r.event_uuid, r.endpoint_url) AS number,
  r.advice, r.event_uuid, r.endpoint_url, r.event_type, r.happened_at, r.reason, j.outcome,
  j.attempts, j.last_status, j.last_http_status, j.last_error_kind, COUNT(*) OVER () AS total
FROM resends AS r
INNER JOIN judged($since, $until, $endpoint, $event_type) AS j USING (event_uuid, endpoint_url)
ORDER BY number
LIMIT $most

/* incidents: runs of failures that touch the period; the worst first.
   grain:  one incident
   inputs: incidents; $most: how many */
SELECT
  incident_id, COALESCE(NULLIF(endpoint_url, ''), host, '') AS place, starts_at, ends_at,
  EPOCH(ends_at - starts_at) * 1000 AS lasts_ms, deliveries, failed, recovered, still_open,
  statuses, COUNT(*) OVER () AS total
FROM incidents
WHERE touches(starts_at, ends_at, $since, $until)
  AND (
    at_endpoint(endpoint_url, $endpoint)
    OR endpoint_url = '' AND host IN ($endpoint, LOWER(SPLIT_PART($endpoint, '/', 3)))
  )
ORDER BY failed - recovered DESC, failed DESC, incident_id
LIMIT $most

/* impact: the deliveries of the period that were not simply delivered; tests left out.
   grain:  one event type and outcome
   inputs: judged */
SELECT
  event_type, outcome, COUNT(*) AS deliveries,
  CASE WHEN BOOL_OR(COUNT(DISTINCT event_uuid) < COUNT(*)) OVER ()
    THEN COUNT(DISTINCT event_uuid) END AS events,
  NULLIF(COUNT(DISTINCT transaction_id), 0) AS transactions
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome <> 'delivered' AND NOT is_test GROUP BY event_type, outcome
ORDER BY event_type NULLS LAST, deliveries DESC, outcome

/* settled: deliveries that had failed and were accepted within the period; tests left out.
   grain:  one delivery
   inputs: judged; $most: how many */
SELECT
  event_uuid, event_type, endpoint_url, first_attempt_at,
  first_attempt_at + lag_ms * INTERVAL 1 MILLISECOND AS accepted_at, lag_ms,
  COUNT(*) OVER () AS total
FROM judged(NULL, NULL, NULL, NULL)
WHERE outcome IN ('recovered', 'duplicated') AND detail IN ('recovered', 'resend_after_failure')
  AND NOT is_test AND in_period(accepted_at, $since, $until)
ORDER BY accepted_at, event_uuid, endpoint_url
LIMIT $most

/* still_open: what had not arrived, or not for certain, by the end of the period; tests left out.
   grain:  one outcome
   inputs: judged; $day_at: start of the period's last day */
SELECT
  outcome, COUNT(*) AS deliveries, MIN(happened_at) AS oldest_at, MAX(happened_at) AS latest_at,
  COUNT(*) FILTER (WHERE happened_at < CAST($day_at AS TIMESTAMP)) AS older
FROM judged($since, $until, $endpoint, $event_type)
WHERE outcome IN ('missed', 'refused', 'unprocessed', 'undetermined', 'pending')
  AND NOT is_test
GROUP BY outcome
ORDER BY deliveries DESC, outcome

/* failing: endpoints whose latest finished attempts have all failed; tests left out.
   grain:  one endpoint
   inputs: tried; $streak: shortest run that is told of */
WITH finished_attempts AS (
  SELECT
    endpoint_url, attempted_at, status, http_status, error_kind,
    MAX(attempted_at) FILTER (WHERE status = 'success') OVER (PARTITION BY endpoint_url)
      AS last_success_at
  FROM tried(NULL, $until, $endpoint, NULL)
  WHERE status IN ('success', 'failed')
)
SELECT
  endpoint_url, COUNT(*) AS attempts, MIN(attempted_at) AS first_at,
  MAX(last_success_at) AS last_success_at,
  ARG_MAX(http_status, (attempted_at, http_status)) AS http_status,
  ARG_MAX(error_kind, (attempted_at, error_kind)) AS error_kind
FROM finished_attempts
WHERE status = 'failed'
  AND (last_success_at IS NULL OR attempted_at > last_success_at)
GROUP BY endpoint_url
HAVING COUNT(*) >= $streak
ORDER BY attempts DESC, endpoint_url

/* answers: what the attempts of the period were answered; tests left out.
   grain:  one endpoint and answer
   inputs: tried; $most: how many, of the endpoints that fail most first */
SELECT
  endpoint_url, http_status, status,
  CASE WHEN http_status IS NULL THEN COALESCE(error_kind, status) END AS unanswered,
  COUNT(*) AS attempts, MIN(attempted_at) AS first_at, MAX(attempted_at) AS last_at,
  COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY endpoint_url) AS share, COUNT(*) OVER () AS total
FROM tried($since, $until, $endpoint, $event_type)
GROUP BY endpoint_url, http_status, unanswered, status
ORDER BY SUM(COUNT(*) FILTER (status = 'failed')) OVER (PARTITION BY endpoint_url) DESC,
  endpoint_url, attempts DESC, http_status NULLS LAST, unanswered NULLS LAST, status
LIMIT $most

/* answer_times: how long answers took, by the sender's and by the receiver's log; tests left out.
   grain:  one endpoint and side
   inputs: attempts, matches, receipts, deliveries; $most: how many */
WITH sides AS (
  SELECT COALESCE(endpoint_url, '') AS endpoint_url, 'sender' AS side, latency_ms, attempted_at AS at_
  FROM attempts WHERE latency_ms IS NOT NULL AND NOT COALESCE(is_test, FALSE)
  UNION ALL
  SELECT COALESCE(m.endpoint_url, ''), m.layer, r.duration_ms, m.arrived_at
  FROM matches AS m
  INNER JOIN receipts AS r ON r.receipt_id = m.receipt_id
  WHERE r.duration_ms IS NOT NULL AND m.delivery_no NOT IN (SELECT delivery_no FROM deliveries WHERE is_test)
)
SELECT
  endpoint_url, side, COUNT(*) AS answers,
  QUANTILE_CONT(latency_ms, 0.50) AS p50_ms,
  QUANTILE_CONT(latency_ms, 0.95) AS p95_ms,
  QUANTILE_CONT(latency_ms, 0.99) AS p99_ms,
  MAX(latency_ms) AS most_ms, COUNT(*) OVER () AS total
FROM sides
WHERE in_period(at_, $since, $until) AND at_endpoint(endpoint_url, $endpoint)
GROUP BY endpoint_url, side
ORDER BY p95_ms DESC, endpoint_url, side
LIMIT $most

/* funnel: how far the deliveries that the sender tried got; tests left out.
   grain:  one step, in their order; deliveries NULL: no log tells of it
   inputs: judged, matches, coverage */
WITH seen AS (
  SELECT event_uuid, COALESCE(endpoint_url, '') AS endpoint_url, BOOL_OR(layer = 'edge') AS edge,
    BOOL_OR(layer <> 'edge') AS app
  FROM matches GROUP BY 1, 2
),
logs AS (
  SELECT COUNT(*) FILTER (layer = 'edge') AS edge, COUNT(*) FILTER (layer <> 'edge') AS app
  FROM coverage WHERE side = 'receiver'
),
steps AS (
  SELECT UNNEST([
    {'step': 'tried', 'deliveries': COUNT(*)},
    {'step': 'edge', 'deliveries': IF(ANY_VALUE(l.edge) > 0, COUNT(*) FILTER (s.edge), NULL)},
    {'step': 'app', 'deliveries': IF(ANY_VALUE(l.app) > 0, COUNT(*) FILTER (s.app), NULL)},
    {'step': 'accepted', 'deliveries': COUNT(*) FILTER (accepted_count > 0)},
    {'step': 'processed', 'deliveries':
      IF(COUNT(processed_count) FILTER (accepted_count > 0) > 0, COUNT(*) FILTER (processed_count > 0), NULL)}
  ], recursive := TRUE), COUNT(*) AS tried
  FROM judged($since, $until, $endpoint, $event_type) AS j
  CROSS JOIN logs AS l
  LEFT JOIN seen AS s USING (event_uuid, endpoint_url)
  WHERE j.attempts > 0 AND NOT j.is_test
)
SELECT step, deliveries, deliveries / tried AS share FROM steps WHERE tried > 0

/* test_events: what became of the test events of the period.
   grain:  one endpoint
   inputs: judged; $most: how many */
SELECT
  endpoint_url, COUNT(*) AS tests, MAX(happened_at) AS last_at,
  COUNT(*) FILTER (WHERE accepted_count > 0 OR outcome = 'delivered') AS arrived,
  ARG_MAX(outcome, (happened_at, outcome)) AS last_outcome,
  ARG_MAX(last_http_status, (happened_at, last_http_status)) AS last_http_status, COUNT(*) OVER () AS total
FROM judged($since, $until, $endpoint, $event_type)
WHERE is_test GROUP BY endpoint_url
ORDER BY last_at DESC NULLS LAST, endpoint_url
LIMIT $most

/* days: each day's deliveries, by the reader's calendar; tests left out.
   grain:  one day
   inputs: judged; $zone: whose calendar */
SELECT
  step_of(happened_at, 'day', $zone) AS step,
  COUNT(*) FILTER (counted) AS judged, COUNT(*) FILTER (arrived) AS delivered,
  HISTOGRAM(outcome) FILTER (counted) AS outcomes
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test AND happened_at IS NOT NULL GROUP BY step
ORDER BY step
