/* clusters: what time alone can say of attempts that stand too close to tell them apart.
   grain:  one connected component of requests of which some may own a line, or none
   inputs: requests

   No more of the attempts can have arrived than lines fit them; where the logs are whole, the rest
   is missed, though nobody knows which (the deficiency of the component). */
SELECT
  ROW_NUMBER() OVER (ORDER BY MIN(starts_at), layer, component) AS cluster_id,
  CASE WHEN MIN(endpoint_url) = MAX(endpoint_url) THEN MIN(endpoint_url) ELSE '' END
    AS endpoint_url,
  MIN(starts_at) AS starts_at, MAX(ends_at) AS ends_at, COUNT(*) AS attempts,
  MAX(lines) AS receipts,
  COUNT(*) FILTER (WHERE left_out AND covered) AS at_least_missed
FROM requests WHERE state = 'open' AND NOT shown
GROUP BY layer, component
