/* overlaps: the generation in which most receipts of a file stand too, at the same times.
   grain:  one generation, at most
   inputs: receipt_records; $file */
WITH fresh AS (
  SELECT DISTINCT generation_id, logged_at, record_hash
  FROM receipt_records WHERE file_id = $file
), span AS (
  SELECT min(logged_at) AS low, max(logged_at) AS high FROM fresh
), known AS (
  SELECT DISTINCT old.generation_id, old.logged_at, old.record_hash
  FROM receipt_records AS old, span
  WHERE old.file_id <> $file AND old.logged_at BETWEEN span.low AND span.high
)
SELECT known.generation_id, count(*) AS twins, (SELECT count(*) FROM fresh) AS receipts
FROM known
JOIN fresh ON known.logged_at = fresh.logged_at
  AND known.record_hash = fresh.record_hash
  AND known.generation_id <> fresh.generation_id
GROUP BY known.generation_id ORDER BY twins DESC, known.generation_id LIMIT 1
