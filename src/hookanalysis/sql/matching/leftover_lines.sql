/* leftover_lines: edge lines that may be the lines of what found none of its own answer.
   grain:  one edge line of a cluster
   inputs: time_clusters, answer_ties

   free: it is tied to nobody. Where an answer has lines over, any of them may be the one that is
   over, so they are all here. */
SELECT
  c.path,
  c.cluster,
  c.receipt_id,
  c.stream,
  c.http_status,
  c.starts_at,
  c.ends_at,
  c.by_sender,
  t.line_id IS NULL AS free
FROM time_clusters AS c
LEFT JOIN answer_ties AS t ON t.line_id = c.receipt_id
WHERE c.is_line
  AND (
    t.line_id IS NULL
    OR EXISTS (
      SELECT 1 FROM answer_ties AS o
      WHERE o.path = c.path AND o.cluster = c.cluster AND o.http_status = c.http_status
        AND o.lines_over > 0
    )
  )
