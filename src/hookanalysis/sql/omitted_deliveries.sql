/* omitted_deliveries: deliveries without an attempt in the sender's exports.
   grain:  one delivery that only the receiver knows (absent), or whose event the sender knows
           without an attempt for the endpoint (no_attempt)
   inputs: matches, attempts, sender_deliveries, receipts, settings

   listed: the sender's export lists the event for the endpoint. moment: when it came, or, listed,
   when it happened. elsewhere: the event is known for one endpoint, and went to another that nobody
   names; of an event known for several, it may be any of these, and is no delivery of its own. */
WITH unlisted AS (
  SELECT
    m.event_uuid, m.endpoint_url, MIN(m.arrived_at) AS moment, BOOL_OR(m.accepted) AS accepted
  FROM matches AS m
  WHERE NOT m.listed AND m.counts
    AND NOT EXISTS (
      SELECT 1 FROM attempts AS a
      WHERE a.event_uuid = m.event_uuid AND a.endpoint_url = m.endpoint_url
    )
  GROUP BY m.event_uuid, m.endpoint_url
),
known_events AS (
  SELECT event_uuid, MIN(endpoint_url) = MAX(endpoint_url) AS at_one
  FROM attempts
  WHERE event_uuid IN (SELECT event_uuid FROM unlisted)
  GROUP BY event_uuid
),
omitted AS (
  SELECT
    u.event_uuid, u.endpoint_url, u.moment, u.accepted,
    CASE WHEN k.event_uuid IS NULL OR u.endpoint_url = '' THEN 'absent' ELSE 'no_attempt' END
      AS says,
    FALSE AS listed, k.event_uuid IS NOT NULL AND u.endpoint_url = '' AS elsewhere
  FROM unlisted AS u
  LEFT JOIN known_events AS k ON k.event_uuid = u.event_uuid
  WHERE k.event_uuid IS NULL OR u.endpoint_url <> '' OR k.at_one
  UNION ALL
  SELECT
    event_uuid, endpoint_url, created_at AS moment, FALSE AS accepted, says, TRUE AS listed,
    FALSE AS elsewhere
  FROM sender_deliveries
  WHERE says = 'no_attempt'
),
told AS (
  SELECT
    event_uuid, MAX(event_type) AS event_type, MAX(transaction_id) AS transaction_id
  FROM receipts
  WHERE event_uuid IN (SELECT event_uuid FROM omitted)
  GROUP BY event_uuid
)
SELECT
  o.event_uuid, o.endpoint_url, o.says, o.listed, o.elsewhere, o.moment, o.accepted, t.event_type,
  t.transaction_id,
  COALESCE(LIST_CONTAINS(s.test_event_types, t.event_type), FALSE) AS is_test
FROM omitted AS o
CROSS JOIN settings AS s
LEFT JOIN told AS t ON t.event_uuid = o.event_uuid
