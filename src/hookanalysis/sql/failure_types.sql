/* failure_types: whether an answer falls on one type of events more than chance would have it.
   grain:  one endpoint, answer of the receiver, and event type that got it; tests left out
   inputs: attempts

   chance is an upper bound (Chernoff's) of the probability that `failures` of the endpoint's
   failures with this answer are of the type, when `share` of its attempts are. rate: the part of
   the type's attempts that failed so. */
WITH counted_attempts AS (
  SELECT endpoint_url, COALESCE(event_type, '') AS event_type, COUNT(*) AS attempts
  FROM attempts
  WHERE status IN ('success', 'failed') AND NOT is_test
  GROUP BY endpoint_url, COALESCE(event_type, '')
),
shares AS (
  SELECT
    endpoint_url, event_type, attempts,
    attempts * 1.0 / SUM(attempts) OVER (PARTITION BY endpoint_url) AS share
  FROM counted_attempts
),
counted_failures AS (
  SELECT endpoint_url, http_status, COALESCE(event_type, '') AS event_type, COUNT(*) AS failures
  FROM attempts
  WHERE status = 'failed' AND http_status IS NOT NULL AND NOT is_test
  GROUP BY endpoint_url, http_status, COALESCE(event_type, '')
),
rates AS (
  SELECT
    f.endpoint_url, f.http_status, f.event_type, f.failures, s.share, s.attempts,
    CAST(SUM(f.failures) OVER (PARTITION BY f.endpoint_url, f.http_status) AS BIGINT) AS total
  FROM counted_failures AS f
  JOIN shares AS s ON s.endpoint_url = f.endpoint_url AND s.event_type = f.event_type
)
SELECT
  endpoint_url,
  http_status,
  event_type,
  failures,
  share,
  failures * 1.0 / attempts AS rate,
  CASE
    WHEN failures <= total * share THEN 1.0
    WHEN failures = total THEN POWER(share, failures)
    ELSE EXP(
      -failures * LN(failures / (total * share))
      - (total - failures) * LN((total - failures) / (total * (1 - share)))
    )
  END AS chance
FROM rates
