/* arrivals: which lines under one reused request_key belong to the same request.
   grain:  one line whose request_key may stand for more than one request
   inputs: receipt_lines, request_keys, settings

   The number of requests is the least that explains all lines. Lines of one key are one request,
   unless the log says nothing of it for same_send_seconds (work that ends late still belongs to its
   reception), or the event changes. Within that, lines of one request id are one request, the n-th
   of all; of lines without one, the n-th of each kind is of request n, for a request writes each of
   its lines once. Processed and duplicate are one kind of end, and the n-th end of any kind is of
   request n where that many began. */
WITH placed_lines AS (
  SELECT
    l.generation_id, l.byte_offset, l.stream, l.request_key, l.request_id, l.event_uuid, l.mark,
    l.kind, l.logged_at,
    COALESCE(
      MIN(CASE WHEN l.request_id IS NOT NULL THEN l.logged_at END)
        OVER (PARTITION BY l.stream, l.request_key, l.request_id),
      l.logged_at
    ) AS begun_at
  FROM receipt_lines AS l
  JOIN request_keys AS k ON k.stream = l.stream AND k.request_key = l.request_key
  WHERE k.reused
),
ordered_lines AS (
  SELECT
    *,
    ROW_NUMBER() OVER key_order AS place,
    LAG(logged_at) OVER key_order AS earlier_at,
    LAG(event_uuid) OVER key_order AS earlier_uuid,
    LAG(mark) OVER key_order AS earlier_mark,
    LAG(request_id) OVER key_order AS earlier_id
  FROM placed_lines
  WINDOW key_order AS (
    PARTITION BY stream, request_key
    ORDER BY begun_at, logged_at, byte_offset, generation_id
  )
),
clustered_lines AS (
  SELECT
    o.*,
    o.mark IN ('processed', 'duplicate', 'failed', 'signature_failed') AS is_end,
    SUM(CASE
      WHEN o.event_uuid <> o.earlier_uuid THEN 1
      WHEN o.request_id = o.earlier_id THEN 0
      WHEN o.logged_at <= o.earlier_at + s.same_send_seconds * INTERVAL '1 second' THEN 0
      WHEN o.earlier_mark = 'received' AND o.mark <> 'received' THEN 0
      ELSE 1
    END) OVER (PARTITION BY o.stream, o.request_key ORDER BY o.place) AS cluster
  FROM ordered_lines AS o
  CROSS JOIN settings AS s
),
kinds AS (
  SELECT
    *,
    CASE
      WHEN mark = 'duplicate' THEN COALESCE(
        MIN(CASE WHEN mark = 'processed' THEN kind END) OVER cluster_lines, kind
      )
      ELSE kind
    END AS step_kind,
    DENSE_RANK() OVER (
      PARTITION BY stream, request_key, cluster
      ORDER BY CASE WHEN request_id IS NOT NULL THEN begun_at END NULLS LAST, request_id
    ) AS nth_id
  FROM clustered_lines
  WINDOW cluster_lines AS (PARTITION BY stream, request_key, cluster)
),
counted_lines AS (
  SELECT
    generation_id, byte_offset, stream, request_key, request_id, mark, is_end, cluster, nth_id,
    place,
    ROW_NUMBER() OVER (
      PARTITION BY stream, request_key, cluster, step_kind, request_id IS NULL ORDER BY place
    ) AS nth_of_kind
  FROM kinds
),
begun_lines AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY stream, request_key, cluster, is_end, nth_of_kind = 1 AND NOT is_end
      ORDER BY place
    ) AS nth_end,
    MAX(CASE WHEN NOT is_end THEN nth_of_kind END)
      OVER (PARTITION BY stream, request_key, cluster) AS begun
  FROM counted_lines
)
SELECT
  generation_id,
  byte_offset,
  CAST(cluster * 1000000 + CASE
    WHEN request_id IS NOT NULL THEN nth_id
    WHEN mark IS NULL THEN 1
    WHEN is_end THEN GREATEST(nth_of_kind, LEAST(nth_end, COALESCE(begun, 0)))
    ELSE nth_of_kind
  END AS BIGINT) AS arrival
FROM begun_lines
