/*---
id = "paused"
title = "The sender did not even try to deliver these events"
guide_step = "Viewing webhook event logs"
cause = "sender"
severity = "critical"
place = 30
explain = """
The sender lists these events without any attempt; or it sent them to other endpoints, and not to
this one, where events of their type usually go. The endpoint was paused, or was not subscribed to
their type at that time."""
next_check = """
Look in the dashboard whether the endpoint is paused, since when, and which event types it is
subscribed to. What becomes of events of a pause is not documented: ask the sender, or resend them
from the Events tab."""

[requires]
untried = "the sender made no attempt at this endpoint"
usual = "it is past its time, or three or more events of a type that usually goes here"
---*/
WITH gaps AS (
  SELECT
    endpoint_url, event_type, MIN(first_at) AS first_at, MAX(first_at) AS last_at,
    COUNT(*) AS events
  FROM untried_events
  WHERE went_to = ''
  GROUP BY endpoint_url, event_type
)
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  CAST(NULL AS VARCHAR) AS what,
  TRUE AS untried,
  TRUE AS usual
FROM symptoms
WHERE detail = 'not_attempted'
UNION ALL
SELECT
  g.endpoint_url,
  NULL,
  g.first_at,
  g.events || ' events of type ' || g.event_type || ' went to other endpoints only, until '
    || CAST(DATE_TRUNC('minute', g.last_at) AS VARCHAR),
  TRUE,
  TRUE
FROM gaps AS g
WHERE (SELECT SUM(a.events) FROM gaps AS a WHERE a.endpoint_url = g.endpoint_url) >= 3
