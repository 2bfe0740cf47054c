/* resends: how many deliveries of the period to resend, to wait for, and not to resend.
   grain:  one row
   inputs: resends, judged */
SELECT
  COUNT(*) FILTER (WHERE r.advice = 'resend') AS resend,
  COUNT(*) FILTER (WHERE r.advice = 'wait') AS wait,
  COUNT(*) FILTER (WHERE r.advice = 'do_not_resend') AS do_not_resend,
  COUNT(*) FILTER (WHERE r.advice = 'done') AS done
FROM resends AS r
JOIN judged AS j ON j.event_uuid = r.event_uuid AND j.endpoint_url = r.endpoint_url
