/* resend_counts: how many deliveries of the period to resend, to wait for, and not to resend.
   grain:  one row
   inputs: resends, judged */
SELECT
  COUNT(*) FILTER (WHERE r.advice = 'resend') AS resend,
  COUNT(*) FILTER (WHERE r.advice = 'wait') AS wait,
  COUNT(*) FILTER (WHERE r.advice = 'do_not_resend') AS do_not_resend,
  COUNT(*) FILTER (WHERE r.advice = 'done') AS done
FROM resends AS r
JOIN judged($since, $until, $endpoint, $event_type) AS j USING (event_uuid, endpoint_url)
