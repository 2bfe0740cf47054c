/* window: the first and the last moment of the period's deliveries, tests left out.
   grain:  one row
   inputs: judged */
SELECT MIN(happened_at) AS first_at, MAX(happened_at) AS last_at
FROM judged($since, $until, $endpoint, $event_type)
WHERE NOT is_test
