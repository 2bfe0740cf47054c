/* arrivals: which lines under one reused request_key belong to the same request.
   grain:  one line whose request_key may stand for more than one request
   inputs: receipt_lines, request_keys, settings

   Lines of one key are one request, unless the log says nothing of it for same_send_seconds (work
   that ends late still belongs to its reception), or the event changes. Without a request id, a
   step that repeats also begins another: the n-th line of each step is of request n (processed and
   duplicate are one step), and so is the n-th end of any kind where that many began. */
WITH ordered_lines AS (
  SELECT
    l.generation_id, l.byte_offset, l.stream, l.request_key, l.request_id, l.event_uuid, l.mark,
    l.logged_at,
    ROW_NUMBER() OVER key_order AS place,
    LAG(l.logged_at) OVER key_order AS earlier_at,
    LAG(l.event_uuid) OVER key_order AS earlier_uuid,
    LAG(l.mark) OVER key_order AS earlier_mark
  FROM receipt_lines AS l
  JOIN request_keys AS k ON k.stream = l.stream AND k.request_key = l.request_key
  WHERE k.reused
  WINDOW key_order AS (
    PARTITION BY l.stream, l.request_key
    ORDER BY l.logged_at NULLS LAST, l.byte_offset NULLS LAST, l.generation_id NULLS LAST
  )
),
clustered_lines AS (
  SELECT
    o.generation_id, o.byte_offset, o.stream, o.request_key, o.request_id, o.mark, o.place,
    o.mark IN ('processed', 'duplicate', 'failed', 'signature_failed') AS is_end,
    SUM(CASE
      WHEN o.event_uuid <> o.earlier_uuid THEN 1
      WHEN o.logged_at <= o.earlier_at + s.same_send_seconds * INTERVAL '1 second' THEN 0
      WHEN o.earlier_mark = 'received' AND o.mark <> 'received' THEN 0
      ELSE 1
    END) OVER (
      PARTITION BY o.stream, o.request_key ORDER BY o.place NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS cluster
  FROM ordered_lines AS o
  CROSS JOIN settings AS s
),
counted_lines AS (
  SELECT
    generation_id, byte_offset, request_id, mark, is_end, cluster,
    ROW_NUMBER() OVER (
      PARTITION BY stream, request_key, cluster,
        CASE WHEN mark = 'duplicate' THEN 'processed' ELSE mark END
      ORDER BY place NULLS LAST
    ) AS nth_of_step,
    SUM(CASE WHEN is_end THEN 1 ELSE 0 END) OVER (
      PARTITION BY stream, request_key, cluster ORDER BY place NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS nth_end,
    GREATEST(
      SUM(CASE WHEN mark = 'received' THEN 1 ELSE 0 END) OVER cluster_lines,
      SUM(CASE WHEN mark = 'answered' THEN 1 ELSE 0 END) OVER cluster_lines
    ) AS begun
  FROM clustered_lines
  WINDOW cluster_lines AS (PARTITION BY stream, request_key, cluster)
)
SELECT
  generation_id,
  byte_offset,
  CAST(cluster * 1000000 + CASE
    WHEN request_id IS NOT NULL OR mark IS NULL THEN 1
    WHEN is_end THEN GREATEST(nth_of_step, LEAST(nth_end, begun))
    ELSE nth_of_step
  END AS BIGINT) AS arrival
FROM counted_lines
