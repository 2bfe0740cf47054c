/* scattered: the deliveries that were not simply delivered, as what one report can be about.
   grain:  one row; none where all is well
   inputs: judged

   failed: how many; deliveries: all of that endpoint (or, of several, of all endpoints) from the
   first of them to the last. Tests, and what is no failure yet or not the sender's, left out. */
WITH troubled AS (
  SELECT
    MIN(happened_at) AS starts_at, MAX(happened_at) AS ends_at, COUNT(*) AS failed,
    IF(COUNT(DISTINCT endpoint_url) = 1, MIN(endpoint_url), '') AS endpoint_url
  FROM judged($since, $until, $endpoint, $event_type)
  WHERE outcome NOT IN ('delivered', 'pending', 'unexpected') AND NOT unlisted AND NOT is_test
    AND happened_at IS NOT NULL
)
SELECT t.starts_at, t.ends_at, t.endpoint_url AS place, t.failed, COUNT(*) AS deliveries
FROM troubled AS t
INNER JOIN judged($since, $until, $endpoint, $event_type) AS j
  ON j.happened_at BETWEEN t.starts_at AND t.ends_at AND t.endpoint_url IN ('', j.endpoint_url)
WHERE NOT j.is_test
GROUP BY t.starts_at, t.ends_at, t.endpoint_url, t.failed
