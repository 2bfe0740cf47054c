/* traces: the exceptions that stack traces name, and the line below which each trace stands.
   grain:  one trace that names an exception
   inputs: scanned (lines of traces are ignored; their record is there where it names an exception),
           raised() (pattern of the name, with its message), scrub(named) (that text, scrubbed)

   owner is NULL for a trace whose line stands in an earlier chunk, or an earlier load. */
WITH named_lines AS (
  SELECT byte_offset, regexp_extract(record, raised(), 1) AS named
  FROM scanned WHERE verdict = 'ignore' AND record IS NOT NULL
)
SELECT
  o.line AS owner,
  arg_min(s.said, s.byte_offset) AS first_said,
  arg_max(s.said, s.byte_offset) AS last_said
FROM (SELECT byte_offset, scrub(named) AS said FROM named_lines) AS s
ASOF LEFT JOIN (FROM scanned WHERE verdict <> 'ignore') AS o ON s.byte_offset > o.byte_offset
GROUP BY o.line
