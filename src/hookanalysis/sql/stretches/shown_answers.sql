/* shown_answers: answers that the logs show, beside those of their kind that they lack.
   grain:  one answer; cut: one that is lacking
   inputs: answers, attempts, hard_attempts, undecided_deliveries, endpoint_paths */
WITH kinds AS (
  SELECT DISTINCT endpoint_no, kind_no FROM answers WHERE silent
)
SELECT endpoint_no, kind_no, moment, silent AS cut
FROM answers
SEMI JOIN kinds USING (endpoint_no, kind_no)
UNION ALL
SELECT p.endpoint_no, 2, a.attempted_at, FALSE
FROM attempts AS a JOIN endpoint_paths AS p ON p.endpoint_url = a.endpoint_url
ANTI JOIN hard_attempts AS h ON h.delivery_no = a.delivery_no
ANTI JOIN undecided_deliveries AS u ON u.delivery_no = a.delivery_no
WHERE a.attempted_at IS NOT NULL
  AND p.endpoint_no IN (SELECT endpoint_no FROM kinds WHERE kind_no = 2)
