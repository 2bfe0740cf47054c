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
the endpoint is not used any more, pause or remove it at the sender."""

[requires]
failing = "half or more of its attempts failed, at least ten"
lasting = "there were failures in six hours or more"

[against]
accepted = "your own logs tell that most of its events were accepted"
---*/
SELECT
  endpoint_url,
  MIN(CASE WHEN failed > 0 THEN hour_at END) AS happened_at,
  MAX(CASE WHEN failed > 0 THEN hour_at + INTERVAL '1 hour' END) AS ends_at,
  COUNT(CASE WHEN failed > 0 THEN 1 END) >= 6 AS lasting,
  (SELECT COUNT(*) FILTER (WHERE d.accepted_count > 0) > 0.5 * COUNT(*) FROM deliveries AS d
   WHERE d.endpoint_url = h.endpoint_url) AS accepted
FROM endpoint_hours AS h
WHERE EXISTS (
  SELECT 1 FROM coverage AS c
  WHERE c.side = 'sender' AND c.completeness = 'all'
    AND h.hour_at > c.starts_at - INTERVAL '1 hour' AND h.hour_at <= c.ends_at
)
GROUP BY endpoint_url
HAVING SUM(failed) >= 10 AND SUM(failed) >= 0.5 * SUM(attempts)
