/* named: the records of {{source}} with the events that they name; a record that names several
          (a batch) gives one row for each of them.
   grain:  one record and event; event_uuid is NULL where the record names none
   inputs: {{source}}: line, byte_offset, at, record

   Nearly all records name one event, in one of three spellings: that is proven without a pattern
   (the value reads as a uuid, and writes itself back as it stood). */
WITH near AS (
  SELECT
    *,
    CASE
      WHEN len(p) <> 2 OR NOT (ends_with(p[1], '"') OR ends_with(p[1], ' ')) THEN NULL
      WHEN contains(p[2], 'uuid') OR contains(p[2], 'Uuid') OR contains(p[2], 'UUID') THEN NULL
      WHEN starts_with(p[2], '":"') THEN substring(p[2], 4, 37)
      WHEN starts_with(p[2], '": "') THEN substring(p[2], 5, 37)
      WHEN starts_with(p[2], '=') THEN substring(p[2], 2, 37)
    END AS near
  FROM (
    SELECT line, byte_offset, "at", record, string_split(record, 'webhook_event_uuid') AS p
    FROM {{source}}
  )
),
listed AS (
  SELECT
    line, byte_offset, "at", record,
    CASE
      WHEN near IS NOT NULL
        AND CAST(TRY_CAST(left(near, 36) AS UUID) AS VARCHAR) = left(near, 36)
        AND contains('" ,;)' || chr(10) || chr(13), substring(near, 37))
        THEN [left(near, 36)]
      ELSE event_uuids(record)
    END AS uuids
  FROM near
)
SELECT *, UNNEST(CASE WHEN len(uuids) = 0 THEN [NULL] ELSE uuids END) AS event_uuid FROM listed
