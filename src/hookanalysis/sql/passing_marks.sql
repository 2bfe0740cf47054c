/* passing_marks: lines that say "already" on the way to the end of a request.
   grain:  one line
   inputs: receipt_lines, attempts

   It may be said of what an event is about, too: a customer, an address. So it is where the event
   has more ends than receptions, and the next of them is that it was processed; or where one request
   alone of it was received, and it was sent once. */
SELECT place
FROM (
  SELECT
    place, mark, event_uuid, LEAD(mark) OVER in_order AS next_mark,
    COUNT(*) FILTER (ends_work(mark)) OVER key_lines AS ends,
    COUNT(*) FILTER (mark = 'received') OVER key_lines AS received,
    BOOL_OR(mark = 'processed') OVER key_lines AS processed
  FROM receipt_lines WHERE (mark = 'received' OR ends_work(mark)) AND (stream, request_key) IN (
    SELECT (stream, request_key) FROM receipt_lines WHERE mark = 'duplicate'
  )
  WINDOW
    key_lines AS (PARTITION BY stream, request_key),
    in_order AS (PARTITION BY stream, request_key ORDER BY logged_at, place)
)
WHERE mark = 'duplicate' AND processed AND ends > received AND (
  next_mark = 'processed' OR received = 1 AND event_uuid NOT IN (
    SELECT event_uuid FROM attempts
    GROUP BY event_uuid HAVING MAX(attempted_at) > MIN(attempted_at) + INTERVAL '1 second'
  )
)
