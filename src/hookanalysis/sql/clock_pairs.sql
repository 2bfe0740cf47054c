/* clock_pairs: an event's only attempt and its first arrival in a stream, to compare the clocks.
   grain:  one event and stream
   inputs: attempts, receipts

   An event with several attempts for one endpoint is left out: who knows which arrived first? So is
   a receipt with another answer than the sender saw: it is of an attempt that is not listed.

   Of more than 100,000 attempts a sixteenth is enough: the events whose uuid ends in 0. */
WITH samples AS (
  SELECT CASE WHEN COUNT(*) > 100000 THEN '0' ELSE '~' END AS last_digit FROM attempts
),
only_attempts AS (
  SELECT
    a.event_uuid, MIN(a.attempted_at) AS attempted_at, MIN(a.http_status) AS lowest_status,
    MAX(a.http_status) AS highest_status
  FROM attempts AS a
  JOIN samples AS s ON RIGHT(a.event_uuid, 1) <= s.last_digit
  WHERE a.attempted_at IS NOT NULL
  GROUP BY a.event_uuid
  HAVING COUNT(*) = COUNT(DISTINCT a.endpoint_url)
),
first_receipts AS (
  SELECT r.stream, r.event_uuid, a.attempted_at, MIN(r.received_at) AS received_at
  FROM receipts AS r
  JOIN only_attempts AS a
    ON a.event_uuid = r.event_uuid
    AND COALESCE(r.http_status BETWEEN a.lowest_status AND a.highest_status, TRUE)
  GROUP BY r.stream, r.event_uuid, a.attempted_at
)
SELECT
  stream,
  CAST(received_at AS DATE) AS day,
  DATE_DIFF('microsecond', attempted_at, received_at) / 1000.0 AS difference_ms
FROM first_receipts
WHERE received_at IS NOT NULL
