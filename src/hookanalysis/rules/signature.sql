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
If from one moment on no signature fits, the secret key was changed at the sender; if none ever
fitted, the calculation is wrong, or a proxy strips the header or changes the body."""
next_check = """
Copy the endpoint's secret key from the sender into your application again; while a key changes, let
it accept both. See that the signature is computed from what the sender documents, mostly the body's
bytes as they came, and that your proxy passes the header on. Then resend these events: none of them
was processed."""

[requires]
told = "your application says so, of the event or at that moment, or the logged one does not fit"
reached = "the request got through to your application, which logged or answered it"

[against]
genuine = "the signature in your log is right under the key that is set here"
passed = "your application says that it processed the event"

[senders.showpass]
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

[senders.github]
next_check = """
Set the webhook's secret at GitHub and in your application to the same value. The signature
X-Hub-Signature-256 is the hex HMAC-SHA256 of the body's bytes as they came. If the header is
missing, the webhook has no secret, or your proxy does not pass it on. Then redeliver these events:
none of them was processed."""

[senders.shopify]
next_check = """
Compare the app's client secret at Shopify with the one in your application; after a rotation,
requests may be signed with the old one for a while, so accept both. The signature
X-Shopify-Hmac-SHA256 is the base64 HMAC-SHA256 of the body's bytes as they came. Shopify sends
refused events again by itself: see in its log whether these succeeded."""

[senders.stripe]
next_check = """
Compare the endpoint's signing secret at Stripe with the one in your application; while it is
rolled, both are valid. The header Stripe-Signature signs the time, a dot and the body's bytes as
they came, by HMAC-SHA256. Then resend these events: none of them was processed."""
---*/
SELECT
  endpoint_url, event_uuid, happened_at,
  signature_failed OR signature_near OR error_kind = 'signature' OR NOT signature_fits AS told,
  app_lines > 0 OR signature_near OR error_kind = 'signature' AS reached,
  signature_fits AS genuine,
  processed AS passed
FROM symptoms
WHERE outcome <> 'unexpected'
  AND (error_kind = 'signature' OR (signature_near AND answer BETWEEN 400 AND 499) OR (
    app_lines > 0 AND (signature_failed OR NOT signature_fits OR answer IN (401, 403))
  ))
