/* stream_spans: coverage of the receiver's logs on the sender's clock.
   grain:  one interval of one stream
   inputs: coverage, clock_offsets */
SELECT
  c.layer, c.stream,
  c.starts_at - COALESCE(s.offset_ms, f.offset_ms, 0) * INTERVAL '1 millisecond' AS starts_at,
  c.ends_at - COALESCE(e.offset_ms, f.offset_ms, 0) * INTERVAL '1 millisecond' AS ends_at,
  c.covered, c.reason, c.starts_at AS logged_from, c.ends_at AS logged_until
FROM coverage AS c
LEFT JOIN clock_offsets AS f ON f.stream = c.stream AND f.day IS NULL
LEFT JOIN clock_offsets AS s ON s.stream = c.stream AND s.day = CAST(c.starts_at AS DATE)
LEFT JOIN clock_offsets AS e ON e.stream = c.stream AND e.day = CAST(c.ends_at AS DATE)
WHERE c.side = 'receiver'
