/*---
id = "slow_answers"
title = "An endpoint that answers slowly"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "info"
place = 43
explain = """
One in twenty of the accepted requests kept the sender waiting for two seconds or more. The sender
expects an answer within a few seconds; what is slow today is a time-out on a busy day."""
next_check = """
Answer with 2xx as soon as the event is stored, and do the longer work afterwards, in a queue or a
background task."""

[requires]
slow = "the slowest twentieth of accepted requests took two seconds or more"
many = "at least twenty requests were measured"

[against]
quick = "the sender's own export tells of quick answers"
---*/
WITH answers AS (
  SELECT
    endpoint_url, arrived_at,
    DATE_DIFF('microsecond', arrived_at, ended_at) / 1000.0 AS took_ms
  FROM matches
  WHERE accepted AND endpoint_url <> '' AND ended_at >= arrived_at
)
SELECT
  endpoint_url,
  MIN(CASE WHEN took_ms >= 2000 THEN arrived_at END) AS happened_at,
  MAX(CASE WHEN took_ms >= 2000 THEN arrived_at END) AS ends_at,
  COUNT(*) >= 20 AS many,
  (SELECT QUANTILE_CONT(t.latency_ms, 0.95) FROM attempts AS t
   WHERE t.endpoint_url = answers.endpoint_url AND t.status = 'success') < 2000 AS quick
FROM answers
GROUP BY endpoint_url
HAVING COUNT(CASE WHEN took_ms >= 2000 THEN 1 END) >= 0.05 * COUNT(*)
  AND COUNT(CASE WHEN took_ms >= 2000 THEN 1 END) >= 2
