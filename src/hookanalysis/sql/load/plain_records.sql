/* plain_records: the records of a chunk as formats see them, without colours of terminals.
   grain:  one record
   inputs: chunk: line, byte_offset, record; {{outer_time}} (a wrapper's time, or NULL) */
SELECT line, byte_offset, uncoloured(record) AS record, CAST({{outer_time}} AS VARCHAR) AS outer_time
FROM chunk
