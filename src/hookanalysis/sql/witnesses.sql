/* witnesses: requests that a layer behind the outermost shows: how many of them that one lacks.
   grain:  one endpoint; log_: with the others of its logs, for one that gets but a part lacks lines of all
   inputs: requests, matches, serving_streams */
WITH outermost AS (
  SELECT * FROM serving_streams WHERE depth = 1
),
-- What an inner layer shows by name, where the outermost names events as well: a quarter, or more.
named_requests AS (
  SELECT endpoint_url, NOT BOOL_OR(layer = outer_layer) AS lacking
  FROM matches
  JOIN (SELECT endpoint_url, MIN(layer) AS outer_layer FROM outermost GROUP BY ALL) AS o
    USING (endpoint_url)
  WHERE match_rule = 'uuid' AND sampled(event_uuid, (SELECT COUNT(*) FROM matches))
  GROUP BY endpoint_url, delivery_no, outer_layer
  HAVING BOOL_OR(layer <> outer_layer)
  QUALIFY AVG(CASE WHEN BOOL_OR(layer = outer_layer) THEN 1 ELSE 0 END)
    OVER (PARTITION BY endpoint_url) >= 0.25
)
SELECT
  v.endpoint_url, ANY_VALUE(w.answers) FILTER (own) AS answers, ANY_VALUE(w.lacking) FILTER (own) AS lacking,
  CAST(SUM(w.answers) FILTER (own OR w.lacking < w.answers) AS BIGINT) AS log_answers,
  CAST(SUM(w.lacking) FILTER (own OR w.lacking < w.answers) AS BIGINT) AS log_lacking
FROM (
  SELECT DISTINCT a.endpoint_url, b.endpoint_url AS other, other = a.endpoint_url AS own
  FROM outermost AS a JOIN outermost AS b USING (stream)
) AS v
JOIN (
  SELECT endpoint_url, COUNT(*) AS answers, COUNT(*) FILTER (lacking) AS lacking
  FROM (
    SELECT endpoint_url, state = 'lacking' AS lacking
    FROM requests
    SEMI JOIN outermost USING (endpoint_url, layer)
    WHERE shown AND covered AND nth = 1
    UNION ALL
    FROM named_requests
  )
  GROUP BY endpoint_url
) AS w ON w.endpoint_url = v.other
GROUP BY v.endpoint_url HAVING BOOL_OR(own)
