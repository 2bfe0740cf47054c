/* period: what the numbers are about, with the sender's horizon.
   grain:  one row
   inputs: judged, attempt_records */
SELECT
  CAST($since AS TIMESTAMP) AS since_at,
  CAST($until AS TIMESTAMP) AS until_at,
  MIN(happened_at) AS first_at,
  MAX(happened_at) AS last_at,
  (SELECT MAX(attempted_at) FROM attempt_records) AS horizon_at
FROM judged($since, $until, $endpoint, $event_type)
