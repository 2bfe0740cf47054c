/* omissions: what it means that the sender's exports have no attempt for a delivery.
   grain:  one row of omitted_deliveries
   inputs: omitted_deliveries, coverage, settings

   sender_covered: an export of all attempts (or of successes, and it was accepted) lost nothing
   from settle_seconds before the moment to as long after it; of a listed event, no attempt is
   older than the event. What went elsewhere, no export covers: none lists that endpoint. */
WITH exports AS (
  SELECT
    o.event_uuid, o.endpoint_url,
    BOOL_OR(c.covered AND (
      c.completeness = 'all' OR (c.completeness = 'successes' AND o.accepted)
    )) AS sender_covered,
    MAX(CASE WHEN c.covered THEN c.stream || ' holds only ' || c.completeness END) AS filtered,
    MIN(CASE WHEN NOT c.covered THEN c.reason || ': export ' || c.stream || ' ' || CASE c.reason
      WHEN 'sender_window' THEN 'is of a time when the sender had forgotten the attempts of '
      WHEN 'sender_capped' THEN 'has a round number of rows, so it may lack some of '
      WHEN 'truncated' THEN 'is cut off and may lack rows of '
      ELSE 'has unreadable rows, maybe of '
    END END) AS lossy
  FROM omitted_deliveries AS o
  CROSS JOIN settings AS s
  JOIN coverage AS c
    ON c.side = 'sender'
    AND c.starts_at <= o.moment
      - CASE WHEN o.listed OR NOT c.covered THEN 0 ELSE s.settle_seconds END * INTERVAL '1 second'
    AND c.ends_at >= o.moment
      + CASE WHEN c.covered THEN s.settle_seconds ELSE 0 END * INTERVAL '1 second'
  GROUP BY o.event_uuid, o.endpoint_url
),
windows AS (
  SELECT
    SUBSTRING(CAST(MIN(starts_at) AS VARCHAR), 1, 16) || ' to '
      || SUBSTRING(CAST(MAX(ends_at) AS VARCHAR), 1, 16) || ' UTC' AS reach
  FROM coverage
  WHERE side = 'sender'
)
SELECT
  o.event_uuid,
  o.endpoint_url,
  o.says,
  o.listed,
  o.event_type,
  o.transaction_id,
  o.is_test,
  COALESCE(e.sender_covered, FALSE) AND NOT o.elsewhere AS sender_covered,
  CASE WHEN o.elsewhere
    THEN 'endpoint_unlisted: no export lists the endpoint that it went to; name it: '
      || 'endpoints = ["https://…"] in hookanalysis.toml, and export its attempts' ELSE COALESCE(
    e.lossy,
    'sender_filtered: export ' || e.filtered || ' at ',
    'sender_window: the exports reach from ' || w.reach || ', too little for ',
    'sender_window: no export covers '
  ) || COALESCE(SUBSTRING(CAST(o.moment AS VARCHAR), 1, 16) || ' UTC', 'it')
    || '; export all attempts of that time' END AS reason
FROM omitted_deliveries AS o
CROSS JOIN windows AS w
LEFT JOIN exports AS e ON e.event_uuid = o.event_uuid AND e.endpoint_url = o.endpoint_url
