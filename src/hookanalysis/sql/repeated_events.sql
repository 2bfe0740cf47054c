/* repeated_events: events of which the exports hold several records: all others have one attempt.
   grain:  one event, as the hash of its uuid: a chance equality only takes another the longer way
   inputs: attempt_records */
SELECT hash(event_uuid) AS event_no FROM attempt_records GROUP BY ALL HAVING COUNT(*) > 1
