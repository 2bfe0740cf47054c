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
Look at the sender whether the endpoint is paused or disabled, since when, and which event types it
is subscribed to. Many senders disable an endpoint after days of failures. Ask what becomes of the
events of that time, or resend them."""

[requires]
untried = "the sender made no attempt at this endpoint"
usual = "it is past its time, or three or more events of a type that usually goes here"

[against]
arrived = "your logs have requests of these events all the same"

[senders.showpass]
next_check = """
Look in the dashboard whether the endpoint is paused, since when, and which event types it is
subscribed to. What becomes of events of a pause is not documented: ask the sender, or resend them
from the Events tab."""
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  EXISTS (
    SELECT 1 FROM matches AS m
    WHERE m.event_uuid = symptoms.event_uuid AND m.endpoint_url IN ('', symptoms.endpoint_url)
  ) AS arrived
FROM symptoms
WHERE detail = 'not_attempted'
UNION ALL BY NAME
SELECT
  endpoint_url, MIN(first_at) AS happened_at,
  'events=' || COUNT(*) || ' type=' || event_type
    || ' until=' || STRFTIME(MAX(first_at), '%Y-%m-%dT%H:%M') AS what,
  2 * COUNT(*) FILTER (
    event_uuid IN (SELECT event_uuid FROM matches WHERE endpoint_url = '' OR NOT listed)
  ) > COUNT(*) AS arrived
FROM untried_events
WHERE went_to = ''
GROUP BY endpoint_url, event_type
QUALIFY SUM(COUNT(*)) OVER (PARTITION BY endpoint_url) >= 3
