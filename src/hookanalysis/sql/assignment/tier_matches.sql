/* tier_matches: the lines that were assigned to requests in one layer.
   grain:  one receipt
   inputs: tier_pairs, tier_results, nameless_receipts

   Where the line does not say how the request was answered, the sender's view does.
   Nor are its words the request's, where another line may be its own and says something else.
   counts: its request is counted here; not, where a layer behind this one shows it as well. */
SELECT
  r.receipt_id, r.layer, r.stream, t.event_uuid, t.endpoint_url, t.attempt_key,
  'time' AS match_rule, p.score,
  (epoch_us(r.arrived_at) - t.attempted_at) / 1000.0 AS distance_ms,
  r.arrived_at, r.ended_at, r.path, r.http_status,
  CASE
    WHEN r.accepted IS NOT NULL THEN r.accepted
    WHEN r.processed OR t.status = 'success' THEN TRUE
    WHEN t.http_status IS NOT NULL THEN FALSE
    ELSE COALESCE(r.processed, TRUE)
  END AS accepted, CASE WHEN p.told THEN r.processed END AS processed,
  p.told AND r.known_before AS known_before, p.told AND r.signature_failed AS signature_failed,
  r.stranger, NOT t.shown AS counts, t.attempt_key IS NOT NULL AS listed, t.delivery_no
FROM tier_pairs AS p JOIN tier_results AS t ON t.row_no = p.row_no
JOIN nameless_receipts AS r ON r.receipt_id = p.receipt_id
