/* open_ends: attempts that may own an edge line, but nobody can tell which, or whether.
   grain:  one attempt
   inputs: leftover_ends, leftover_ties

   An attempt with no such line in its window is not here: it left no trace. */
SELECT e.path, e.cluster, e.event_uuid, e.endpoint_url, e.attempt_key, e.moment
FROM leftover_ends AS e
LEFT JOIN leftover_ties AS t ON t.end_key = e.end_key
WHERE e.kind = 'attempt' AND t.end_key IS NULL
