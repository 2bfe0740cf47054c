/*---
id = "signature_unchecked"
title = "Signatures could not be checked"
guide_step = "Check Signature Verification"
cause = "logs"
severity = "info"
place = 47
explain = """
Your logs, or the sender's export, hold signatures, which could be computed
again and compared; but no secret key is set here, or the payload's id is not known.
So nothing is said about these signatures."""
next_check = """
Put the endpoint's secret key into the environment variable that the settings name as
secret_variable, and reconcile again. The key is neither stored nor shown."""

[requires]
logged = "a signature is logged, and there is no key or no id to check it by"

[against]
checked = "other signatures could be checked, so a key is set"

[senders.showpass]
explain = """
Your logs, or the sender's export, hold the X-SHOWPASS-SIGNATURE header, which could be computed
again and compared; but no secret key is set here, or the payload's id is not known.
So nothing is said about these signatures."""
---*/
SELECT
  MIN(logged_at) AS happened_at,
  MAX(logged_at) AS ends_at,
  'signatures=' || COUNT(*) AS what,
  (SELECT COUNT(*) FROM signature_checks WHERE fits IS NOT NULL) > 0 AS checked
FROM signature_checks
WHERE signature_head IS NOT NULL AND fits IS NULL
HAVING COUNT(*) > 0
