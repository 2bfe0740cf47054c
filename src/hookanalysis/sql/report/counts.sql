/* totals: how much there is: all deliveries, those that are judged, and the advice on resends.
   grain:  one row
   inputs: judged, attempt_records, resends */
SELECT
  MIN(happened_at) AS first_at, MAX(happened_at) AS last_at,
  (SELECT MAX(attempted_at) FROM attempt_records) AS horizon,
  COUNT(DISTINCT event_uuid) AS events, COUNT(DISTINCT NULLIF(endpoint_url, '')) AS endpoints,
  COUNT(*) AS deliveries, COUNT(*) FILTER (is_test) AS tests,
  CAST(COALESCE(SUM(attempts), 0) AS BIGINT) AS attempts,
  CAST(COALESCE(SUM(receipts), 0) AS BIGINT) AS receipts,
  COUNT(*) FILTER (counted) AS judged, COUNT(*) FILTER (arrived) AS delivered,
  COUNT(*) FILTER (counted AND outcome = 'missed') AS missed,
  COUNT(*) FILTER (counted AND outcome IN ('missed', 'undetermined')) AS possibly_missed,
  COUNT(*) FILTER (unlisted AND NOT is_test) AS unlisted,
  delivered / NULLIF(judged, 0) AS delivered_share, missed / NULLIF(judged, 0) AS missed_share,
  possibly_missed / NULLIF(judged, 0) AS possibly_missed_share,
  COUNT(DISTINCT event_uuid) FILTER (outcome <> 'delivered' AND NOT is_test) AS troubled_events,
  COUNT(DISTINCT transaction_id) FILTER (outcome <> 'delivered' AND NOT is_test)
    AS troubled_transactions,
  COALESCE(HISTOGRAM(r.advice) FILTER (r.advice IS NOT NULL), MAP {}) AS advice
FROM judged($since, $until, $endpoint, $event_type)
LEFT JOIN (SELECT event_uuid, endpoint_url, advice FROM resends) AS r
  USING (event_uuid, endpoint_url)

/* outcomes: deliveries by verdict, each with its finer codes; tests apart.
   grain:  one outcome
   inputs: judged */
SELECT
  outcome,
  COUNT(*) FILTER (NOT is_test) AS deliveries,
  IF(outcome IN ('pending', 'unexpected'), NULL,
    COUNT(*) FILTER (counted) / NULLIF(SUM(COUNT(*) FILTER (counted)) OVER (), 0)) AS share,
  COUNT(*) FILTER (is_test) AS tests,
  COALESCE(HISTOGRAM(detail) FILTER (NOT is_test), MAP {}) AS details
FROM judged($since, $until, $endpoint, $event_type)
GROUP BY outcome

/* duplicates: deliveries that came more than once, and whether it did harm; tests left out.
   grain:  one row
   inputs: judged */
SELECT
  COUNT(*) AS deliveries, COUNT(*) FILTER (processed_count >= 2) AS harmful,
  COUNT(*) FILTER (processed_count < 2) AS harmless,
  COUNT(*) FILTER (processed_count IS NULL) AS unknown,
  CAST(COALESCE(SUM(GREATEST(accepted_count - 1, 0)), 0) AS BIGINT) AS extra_accepted,
  CAST(COALESCE(SUM(GREATEST(processed_count - 1, 0)), 0) AS BIGINT) AS extra_processed,
  COALESCE(HISTOGRAM(detail), MAP {}) AS details
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test
  AND (outcome = 'duplicated' OR (detail = 'conflict' AND processed_count >= 2))

/* endpoint_facts: deliveries, attempts made within the period, and lag; tests left out.
   grain:  one endpoint
   inputs: tried, judged */
WITH tries AS (
  SELECT
    endpoint_url, COUNT(*) AS attempts,
    COUNT(*) FILTER (status = 'success') AS succeeded,
    COUNT(*) FILTER (status = 'failed') AS failed,
    COUNT(*) FILTER (http_status BETWEEN 400 AND 499) AS client_errors,
    COUNT(*) FILTER (http_status BETWEEN 500 AND 599) AS server_errors,
    COUNT(*) FILTER (status = 'failed' AND http_status IS NULL) AS unanswered
  FROM tried($since, $until, $endpoint, $event_type)
  GROUP BY endpoint_url
),
verdicts AS (
  SELECT
    endpoint_url, COUNT(*) AS deliveries,
    COUNT(*) FILTER (arrived) AS delivered,
    COUNT(*) FILTER (outcome = 'missed') AS missed,
    COUNT(*) FILTER (counted AND outcome IN ('missed', 'undetermined')) AS possibly_missed,
    HISTOGRAM(outcome) AS outcomes,
    QUANTILE_CONT(lag_ms, [0.50, 0.95, 0.99]) AS lags,
    COUNT(lag_ms) AS lag_deliveries
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE NOT is_test GROUP BY endpoint_url
)
SELECT
  endpoint_url, COALESCE(outcomes, MAP {}) AS outcomes,
  lags[1] AS lag_p50_ms, lags[2] AS lag_p95_ms, lags[3] AS lag_p99_ms,
  COALESCE(COLUMNS(* EXCLUDE (endpoint_url, outcomes, lags)), 0),
  t.succeeded / NULLIF(t.succeeded + t.failed, 0) AS success_rate,
  t.failed / NULLIF(t.succeeded + t.failed, 0) AS failure_rate,
  (t.client_errors + t.server_errors) / NULLIF(t.succeeded + t.failed, 0) AS error_rate
FROM verdicts
FULL OUTER JOIN tries AS t USING (endpoint_url)
ORDER BY endpoint_url

/* unknowns: what could not be known, by the code of the reason.
   grain:  one reason code, with its most frequent wording; tests left out
   inputs: judged */
WITH wordings AS (
  SELECT reason, COUNT(*) AS deliveries, MIN(happened_at) AS first_at, MAX(happened_at) AS last_at
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome = 'undetermined' AND NOT is_test GROUP BY reason
)
SELECT
  SPLIT_PART(reason, ' ', 1) AS code,
  FIRST(reason ORDER BY deliveries DESC, reason) AS reason,
  CAST(SUM(deliveries) AS BIGINT) AS deliveries, MIN(first_at) AS first_at, MAX(last_at) AS last_at
FROM wordings GROUP BY code
ORDER BY 3 DESC, code

/* clocks: the offset of each stream's clock on the days of the period.
   grain:  one stream and day; day NULL: the stream's value for other days
   inputs: clock_offsets */
FROM clock_offsets
WHERE day IS NULL OR in_period(day, DATE_TRUNC('day', CAST($since AS TIMESTAMP)), $until)
ORDER BY stream, day NULLS FIRST

/* rejects: records that could not be read.
   grain:  one path and reason
   inputs: rejects, files */
SELECT
  COALESCE(f.path, '') AS path, r.reason, COUNT(*) AS records,
  CAST(COALESCE(SUM(r.lines), 0) AS BIGINT) AS lines,
  COALESCE(MIN(r.line), 0) AS first_line,
  FIRST(COALESCE(r.detail, '') ORDER BY r.line NULLS LAST, r.detail NULLS LAST) AS detail
FROM rejects AS r
LEFT JOIN files AS f ON f.file_id = r.file_id
GROUP BY ALL
ORDER BY path, records DESC, r.reason
