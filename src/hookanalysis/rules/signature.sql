/*---
id = "signature"
title = "The signature of these requests did not fit"
guide_step = "Check Signature Verification"
cause = "receiver"
severity = "critical"
place = 17
explain = """
Your application took these requests for forged. Where it answered 401, the sender shows them as
failed; where it answered 2xx and dropped them, the sender shows a success and nobody is warned.
The guide knows both ways: its sample code answers 401, its troubleshooting page advises against
that. If from one moment on no signature fits, the secret key was regenerated in the dashboard,
which makes the old key worthless at once; if none ever fitted, the calculation is wrong or a
proxy strips the header."""
next_check = """
Copy the endpoint's secret key from the dashboard into your application again. The signature
X-SHOWPASS-SIGNATURE is the hex HMAC-SHA1 of the payload's id alone, under that key. If the header
is missing, let your proxy pass it on. Then resend these events: none of them was processed."""

[requires]
told = "your application says that the signature does not fit, or the logged one does not"
reached = "the request got through to your application, which logged or answered it"

[against]
genuine = "the signature in your log is right under the key that is set here"
---*/
SELECT
  endpoint_url,
  event_uuid,
  happened_at,
  signature_failed OR error_kind = 'signature' OR NOT signature_fits AS told,
  app_lines > 0 OR error_kind = 'signature' AS reached,
  signature_fits AS genuine
FROM symptoms
WHERE outcome <> 'unexpected'
  AND (error_kind = 'signature' OR (
    app_lines > 0 AND (signature_failed OR NOT signature_fits OR answer IN (401, 403))
  ))
