/* hole_reasons: each hole of the receiver's logs in words, and what would close it.
   grain:  one hole of one stream, on the sender's clock
   inputs: stream_spans

   The reason is a code, a colon, and words. Times are those that the log itself shows. */
SELECT
  stream,
  starts_at,
  ends_at,
  reason || ': stream ' || stream || CASE reason
    WHEN 'rejected_lines' THEN ' has unreadable lines'
    WHEN 'truncated' THEN ' is cut off'
    WHEN 'dst_ambiguous' THEN ' names local times that the clock showed twice'
    WHEN 'rotation' THEN ' went on in another file, and may have lost a line,'
    ELSE ' is silent'
  END || ' between ' || SUBSTRING(CAST(logged_from AS VARCHAR), 1, 16) || ' and '
  || SUBSTRING(CAST(logged_until AS VARCHAR), 1, 16) || ' UTC; ' || CASE reason
    WHEN 'rejected_lines' THEN 'look at its rejects'
    WHEN 'truncated' THEN 'load the whole file'
    WHEN 'dst_ambiguous' THEN 'let the log name its zone'
    WHEN 'rotation' THEN 'load the log of another layer'
    WHEN 'rotation_hole' THEN 'load the rotated file of that time'
    ELSE 'load the file of that time, or the log of another layer'
  END AS reason
FROM stream_spans
WHERE NOT covered
