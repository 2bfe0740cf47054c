/* matches: each receipt that belongs to a delivery, by its name or by assignment.
   grain:  one receipt
   inputs: matches_by_uuid, matches_by_time */
FROM matches_by_uuid
UNION ALL
FROM matches_by_time
