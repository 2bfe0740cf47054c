/* omissions: deliveries without an attempt in the sender's exports, and what that means.
   grain:  one delivery that only the receiver knows (absent), or whose event the sender knows
           without an attempt for the endpoint (no_attempt)
   inputs: matches, attempts, sender_deliveries, receipts, coverage, settings

   listed: the sender's export lists the event for the endpoint. moment: when it came, or, listed,
   when it happened. elsewhere: the event is known for one endpoint, and went to another that nobody
   names; of an event known for several, it may be any of these, and is no delivery of its own.
   sender_covered: an export of all attempts (or of successes, and it was accepted) lost nothing from
   settle_seconds before the moment to as long after it; or one of events did so from three days
   before it, for an event may be sent again for days; of a listed event, no attempt is older than
   the event. lost: the export lost or forgot attempts of that time. What went elsewhere, no export
   covers: none lists that endpoint. */
WITH unlisted AS (
  SELECT delivery_no, event_uuid, endpoint_url, MIN(arrived_at) AS moment, BOOL_OR(accepted) AS accepted
  FROM matches
  WHERE NOT listed AND counts AND delivery_no NOT IN (SELECT delivery_no FROM attempts)
  GROUP BY ALL
),
known_events AS (
  SELECT event_uuid, MIN(endpoint_url) = MAX(endpoint_url) AS at_one
  FROM attempts WHERE event_uuid IN (SELECT event_uuid FROM unlisted)
  GROUP BY event_uuid
),
omitted AS (
  SELECT
    u.*, CASE WHEN k.event_uuid IS NULL OR u.endpoint_url = '' THEN 'absent' ELSE 'no_attempt' END
      AS says,
    FALSE AS listed, k.event_uuid IS NOT NULL AND u.endpoint_url = '' AS elsewhere
  FROM unlisted AS u
  LEFT JOIN known_events AS k ON k.event_uuid = u.event_uuid
  WHERE k.event_uuid IS NULL OR u.endpoint_url <> '' OR k.at_one
  UNION ALL
  SELECT delivery_no, event_uuid, endpoint_url, created_at, FALSE, says, TRUE, FALSE
  FROM sender_deliveries WHERE says = 'no_attempt'
),
told AS (
  SELECT event_uuid, MAX(event_type) AS event_type, MAX(transaction_id) AS transaction_id
  FROM receipts WHERE event_uuid IN (SELECT event_uuid FROM omitted)
  GROUP BY event_uuid
),
exports AS (
  SELECT
    o.delivery_no,
    BOOL_OR(c.covered AND (
      c.completeness = 'all' OR (c.completeness = 'successes' AND o.accepted)
      OR (c.completeness = 'events' AND o.says = 'absent'
        AND c.starts_at <= o.moment - INTERVAL '3 days')
    )) AS sender_covered,
    MAX(reason('sender_filtered', export := c.stream, holds := c.completeness, "at" := o.moment))
      FILTER (c.covered) AS filtered,
    MIN(reason(c.reason, export := c.stream, "at" := o.moment)) FILTER (NOT c.covered) AS lossy
  FROM omitted AS o
  CROSS JOIN settings AS s
  JOIN coverage AS c
    ON c.side = 'sender'
    AND c.starts_at <= o.moment
      - CASE WHEN o.listed OR NOT c.covered THEN 0 ELSE s.settle_seconds END * INTERVAL '1 second'
    AND c.ends_at >= o.moment
      + CASE WHEN c.covered THEN s.settle_seconds ELSE 0 END * INTERVAL '1 second'
  GROUP BY o.delivery_no
)
SELECT
  o.delivery_no, o.event_uuid, o.endpoint_url, o.says, o.listed, t.event_type, t.transaction_id,
  COALESCE(LIST_CONTAINS(s.test_event_types, t.event_type), FALSE) AS is_test,
  COALESCE(e.sender_covered, FALSE) AND NOT o.elsewhere AS sender_covered,
  e.lossy IS NOT NULL AS lost,
  CASE
    WHEN o.elsewhere THEN reason('endpoint_unlisted', "at" := o.moment)
    ELSE COALESCE(
      e.lossy, e.filtered,
      reason('sender_window', "at" := o.moment, since := w.starts_at, until := w.ends_at)
    )
  END AS reason
FROM omitted AS o
CROSS JOIN settings AS s
CROSS JOIN (
  SELECT MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at FROM coverage WHERE side = 'sender'
) AS w
LEFT JOIN told AS t ON t.event_uuid = o.event_uuid
LEFT JOIN exports AS e ON e.delivery_no = o.delivery_no
