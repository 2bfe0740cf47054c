/* rotations: when a log that is copied and then emptied went on in another file.
   grain:  one stretch between two files of one stream, in the stream's own clock
   inputs: activity, generations, files

   What is written between copy and emptying is in neither file. The settings call a log so
   (copytruncate), or zeros at the beginning of a file do: more than a byte-order mark has. Of a
   silence of more than a minute the moment in question is as good as nothing. */
WITH copied_logs AS (
  SELECT g.stream
  FROM generations AS g
  LEFT JOIN files AS f ON f.generation_id = g.generation_id
  WHERE g.side = 'receiver' AND (g.completeness = 'copytruncate' OR f.stripped_bytes > 3)
  GROUP BY g.stream
),
logs AS (
  SELECT
    MAX(g.layer) AS layer, g.stream, a.generation_id, MIN(a.first_at) AS first_at,
    MAX(a.last_at) AS last_at
  FROM activity AS a
  JOIN generations AS g ON g.generation_id = a.generation_id
  JOIN copied_logs AS c ON c.stream = g.stream
  WHERE g.side = 'receiver'
  GROUP BY g.stream, a.generation_id
),
neighbours AS (
  SELECT
    layer, stream, last_at,
    LEAD(first_at) OVER (
      PARTITION BY stream ORDER BY first_at NULLS LAST, last_at NULLS LAST, generation_id NULLS LAST
    ) AS later_at
  FROM logs
)
SELECT layer, stream, last_at AS starts_at, later_at AS ends_at
FROM neighbours
WHERE later_at BETWEEN last_at AND last_at + INTERVAL '1 minute'
