/* funnel: how far the deliveries that the sender tried got; tests left out.
   grain:  one step, in their order; deliveries NULL: no log tells of it
   inputs: judged, matches, coverage */
WITH seen AS (
  SELECT event_uuid, COALESCE(endpoint_url, '') AS endpoint_url, BOOL_OR(layer = 'edge') AS edge,
    BOOL_OR(layer <> 'edge') AS app
  FROM matches
  GROUP BY 1, 2
),
logs AS (
  SELECT COUNT(*) FILTER (layer = 'edge') AS edge, COUNT(*) FILTER (layer <> 'edge') AS app
  FROM coverage
  WHERE side = 'receiver'
),
steps AS (
  SELECT UNNEST([
    {'step': 'tried', 'deliveries': COUNT(*)},
    {'step': 'edge', 'deliveries': IF(ANY_VALUE(l.edge) > 0, COUNT(*) FILTER (s.edge), NULL)},
    {'step': 'app', 'deliveries': IF(ANY_VALUE(l.app) > 0, COUNT(*) FILTER (s.app), NULL)},
    {'step': 'accepted', 'deliveries': COUNT(*) FILTER (accepted_count > 0)},
    {'step': 'processed', 'deliveries':
      IF(COUNT(processed_count) > 0, COUNT(*) FILTER (processed_count > 0), NULL)}
  ], recursive := TRUE), COUNT(*) AS tried
  FROM judged($since, $until, $endpoint, $event_type) AS j
  CROSS JOIN logs AS l
  LEFT JOIN seen AS s USING (event_uuid, endpoint_url)
  WHERE j.attempts > 0 AND NOT j.is_test
)
SELECT step, deliveries, deliveries / tried AS share FROM steps WHERE tried > 0
