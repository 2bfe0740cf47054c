/* answers_over_time: how the attempts were answered, by kind of answer.
   grain:  one step of time
   inputs: hours; $unit, $zone: the steps */
SELECT
  step_of(hour_at, $unit, $zone) AS step_at,
  CAST(SUM(attempts) AS BIGINT) AS attempts,
  CAST(SUM(succeeded) AS BIGINT) AS succeeded,
  CAST(SUM(failed) AS BIGINT) AS failed,
  CAST(SUM(client_errors) AS BIGINT) AS client_errors,
  CAST(SUM(server_errors) AS BIGINT) AS server_errors,
  CAST(SUM(unanswered) AS BIGINT) AS unanswered
FROM hours($since, $until, $endpoint)
GROUP BY step_at
HAVING SUM(attempts) > 0
ORDER BY step_at
