/* nameless_receipts: receipts on the sender's clock that name no event.
   grain:  one receipt
   inputs: placed_receipts */
SELECT * EXCLUDE (event_uuid, path_no, match_rule, tolerance)
FROM placed_receipts
WHERE event_uuid IS NULL
