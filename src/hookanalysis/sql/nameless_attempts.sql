/* nameless_attempts: the key of the attempt that an export's row without an attempt id tells of.
   grain:  one row of one export that gives no attempt id
   inputs: attempt_records

   Such a row is known by event, endpoint, time and answer, and its n-th copy in one export is the
   n-th copy in any other. It takes over the key of a row of the same event and second that says
   more: one with an attempt id, with the final status, or with the endpoint. */
WITH numbered_rows AS (
  SELECT
    generation_id, byte_offset, event_uuid, endpoint_url, attempted_at, status, http_status,
    ROW_NUMBER() OVER (
      PARTITION BY generation_id, event_uuid, endpoint_url, attempted_at, status, http_status
      ORDER BY row_hash NULLS LAST, byte_offset NULLS LAST
    ) AS copy_number
  FROM attempt_records
  WHERE attempt_id IS NULL
),
keyed_rows AS (
  SELECT
    generation_id, byte_offset, event_uuid, endpoint_url, attempted_at, status,
    COALESCE(event_uuid, '') || ' ' || COALESCE(endpoint_url, '') || ' ' || status
      || COALESCE(' ' || CAST(attempted_at AS VARCHAR), '')
      || COALESCE(' ' || CAST(http_status AS VARCHAR), '')
      || CASE
        WHEN status = 'none' OR copy_number = 1 THEN ''
        ELSE ' copy ' || CAST(copy_number AS VARCHAR)
      END AS attempt_key
  FROM numbered_rows
),
fuller_rows AS (
  SELECT attempt_id AS attempt_key, TRUE AS named, event_uuid, endpoint_url, attempted_at, status
  FROM attempt_records
  WHERE attempt_id IS NOT NULL
  UNION ALL
  SELECT attempt_key, FALSE AS named, event_uuid, endpoint_url, attempted_at, status
  FROM keyed_rows
  WHERE status <> 'pending' OR endpoint_url IS NOT NULL
),
fuller_keys AS (
  SELECT
    k.generation_id, k.byte_offset,
    COALESCE(
      MIN(f.attempt_key) FILTER (WHERE f.named),
      MIN(f.attempt_key) FILTER (WHERE f.status <> 'pending' AND f.endpoint_url IS NOT NULL),
      MIN(f.attempt_key)
    ) AS attempt_key
  FROM keyed_rows AS k
  JOIN fuller_rows AS f
    ON f.event_uuid = k.event_uuid
    AND DATE_TRUNC('second', f.attempted_at) = DATE_TRUNC('second', k.attempted_at)
  WHERE (
      f.named
      OR (k.status = 'pending' AND f.status <> 'pending')
      OR (k.endpoint_url IS NULL AND f.endpoint_url IS NOT NULL)
    )
    AND (f.status = k.status OR f.status = 'pending' OR k.status = 'pending')
    AND (f.endpoint_url = k.endpoint_url OR f.endpoint_url IS NULL OR k.endpoint_url IS NULL)
  GROUP BY k.generation_id, k.byte_offset
)
SELECT k.generation_id, k.byte_offset, COALESCE(f.attempt_key, k.attempt_key) AS attempt_key
FROM keyed_rows AS k
LEFT JOIN fuller_keys AS f
  ON f.generation_id = k.generation_id AND f.byte_offset = k.byte_offset
