/*---
id = "consistently_failing"
title = "An endpoint that fails most of the time"
guide_step = "Viewing general webhook logs (Delivery Status)"
cause = "unknown"
severity = "warning"
place = 42
explain = """
At least half of all attempts to this endpoint failed, over hours and not in one short incident.
Either it never worked as it is configured, or it broke and nobody noticed."""
next_check = """
Begin with the other findings about this endpoint: they name the cause where the logs show one. If
the endpoint is not used any more, pause or remove it in the dashboard."""

[requires]
failing = "half or more of its attempts failed, at least ten"
lasting = "there were failures in six hours or more"

[[case]]
name = "most attempts of many hours; of a few hours it is weak"
kind = "fires"
expect = ["u", "v"]
weak = ["v"]
endpoint_hours = [
  { endpoint_url = "u", hour_at = 2026-11-20T10:00:00, attempts = 6, failed = 6 },
  { endpoint_url = "u", hour_at = 2026-11-20T11:00:00, attempts = 1, failed = 1 },
  { endpoint_url = "u", hour_at = 2026-11-20T12:00:00, attempts = 1, failed = 1 },
  { endpoint_url = "u", hour_at = 2026-11-20T13:00:00, attempts = 1, failed = 1 },
  { endpoint_url = "u", hour_at = 2026-11-20T14:00:00, attempts = 2, failed = 1 },
  { endpoint_url = "u", hour_at = 2026-11-20T15:00:00, attempts = 1, failed = 1 },
  { endpoint_url = "v", hour_at = 2026-11-20T10:00:00, attempts = 20, failed = 20 },
]
[[case.coverage]]
side = "sender"
completeness = "all"
starts_at = 2026-11-20T10:20:00
ends_at = 2026-11-20T15:40:00

[[case]]
name = "some failures, or too few attempts"
kind = "silent"
expect = []
endpoint_hours = [
  { endpoint_url = "u", hour_at = 2026-11-20T10:00:00, attempts = 100, failed = 40 },
  { endpoint_url = "v", hour_at = 2026-11-20T10:00:00, attempts = 2, failed = 2 },
]
[[case.coverage]]
side = "sender"
completeness = "all"
starts_at = 2026-11-20T10:00:00
ends_at = 2026-11-20T15:00:00

[[case]]
name = "an export of failures alone says nothing about how many succeed"
kind = "silent"
expect = []
endpoint_hours = [
  { endpoint_url = "u", hour_at = 2026-11-20T10:00:00, attempts = 20, failed = 20 },
]
[[case.coverage]]
side = "sender"
completeness = "failures"
starts_at = 2026-11-20T09:00:00
ends_at = 2026-11-20T20:00:00
[[case.coverage]]
side = "receiver"
completeness = "all"
starts_at = 2026-11-20T09:00:00
ends_at = 2026-11-20T20:00:00

[[case]]
name = "nothing was counted"
kind = "null"
expect = []
coverage = [{ side = "sender", completeness = "all" }]
endpoint_hours = [{ endpoint_url = "u" }]
---*/
SELECT
  endpoint_url,
  CAST(NULL AS VARCHAR) AS event_uuid,
  MIN(CASE WHEN failed > 0 THEN hour_at END) AS happened_at,
  MAX(CASE WHEN failed > 0 THEN hour_at + INTERVAL '1 hour' END) AS ends_at,
  TRUE AS failing,
  COUNT(CASE WHEN failed > 0 THEN 1 END) >= 6 AS lasting
FROM endpoint_hours AS h
WHERE EXISTS (
  SELECT 1 FROM coverage AS c
  WHERE c.side = 'sender' AND c.completeness = 'all'
    AND h.hour_at > c.starts_at - INTERVAL '1 hour' AND h.hour_at <= c.ends_at
)
GROUP BY endpoint_url
HAVING SUM(failed) >= 10 AND SUM(failed) >= 0.5 * SUM(attempts)
