/* window: the first and the last moment of the period's deliveries, tests left out.
   grain:  one row
   inputs: judged (facts/judged.sql) */
SELECT MIN(happened_at) AS first_at, MAX(happened_at) AS last_at
FROM judged
WHERE NOT is_test
