/* run_failures: the failed tries that belong to a run.
   grain:  one failed try in one series
   inputs: failures, failure_runs */
SELECT f.* EXCLUDE (nth, tries), r.first_nth, r.last_nth, r.still_open
FROM failures AS f
ASOF JOIN failure_runs AS r
  ON r.scope = f.scope AND r.series = f.series AND f.nth >= r.first_nth
WHERE f.nth <= r.last_nth
