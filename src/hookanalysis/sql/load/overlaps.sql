/* overlaps: the generation in which most receipts of a file stand too, at the same times.
   grain:  one generation, at most
   inputs: receipt_records; $file

   Equal records of one moment count as one; twins are as many in both, held at least as many.
   between: those of that time, in the file or in the generation, where they are fewer. A copy
   repeats them all; of two hosts' logs some are alike by chance. */
WITH fresh AS (
  SELECT generation_id, logged_at, record_hash, count(*) AS times
  FROM receipt_records WHERE file_id = $file
  GROUP BY ALL
), span AS (
  SELECT min(logged_at) AS low, max(logged_at) AS high FROM fresh
), known AS (
  SELECT old.generation_id, old.logged_at, old.record_hash, count(*) AS times
  FROM receipt_records AS old, span
  WHERE old.file_id <> $file AND old.logged_at BETWEEN span.low AND span.high
  GROUP BY ALL
), shared AS (
  SELECT
    known.generation_id, count(*) AS held, count(*) FILTER (known.times = fresh.times) AS twins,
    min(known.logged_at) AS low, max(known.logged_at) AS high
  FROM known
  JOIN fresh ON known.logged_at = fresh.logged_at
    AND known.record_hash = fresh.record_hash
    AND known.times >= fresh.times
    AND known.generation_id <> fresh.generation_id
  GROUP BY known.generation_id ORDER BY held DESC, known.generation_id LIMIT 1
)
SELECT
  generation_id, twins, held, (SELECT count(*) FROM fresh) AS receipts,
  least(
    (SELECT count(*) FROM fresh WHERE logged_at BETWEEN low AND high),
    (SELECT count(*) FROM known
      WHERE known.generation_id = shared.generation_id AND logged_at BETWEEN low AND high)
  ) AS "between"
FROM shared
