/* outcomes: deliveries by verdict.
   grain:  one outcome and detail of one endpoint, tests apart
   inputs: judged */
SELECT outcome, detail, is_test, endpoint_url, COUNT(*) AS deliveries,
  COUNT(*) FILTER (WHERE unlisted) AS unlisted
FROM judged($since, $until, $endpoint, $event_type)
GROUP BY outcome, detail, is_test, endpoint_url
ORDER BY outcome, detail, is_test, endpoint_url
