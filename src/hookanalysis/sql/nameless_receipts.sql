/* nameless_receipts: receipts on the sender's clock that name no event.
   grain:  one receipt
   inputs: placed_receipts

   known_path: its path, where it is an endpoint's. */
SELECT
  * EXCLUDE (event_uuid, path_no, match_rule, tolerance),
  CASE WHEN path_no IS NOT NULL THEN path END AS known_path
FROM placed_receipts
WHERE event_uuid IS NULL
