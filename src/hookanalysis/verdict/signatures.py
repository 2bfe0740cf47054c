"""Signatures in logs and exports, computed again: hex HMAC-SHA1 of the payload's id.

The secret comes from the environment, where the settings say; it is never stored and never shown.
Of a signature only the first digits are kept: enough to tell whether it fits, too few to be used.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hookanalysis.database import Database

HEAD_DIGITS = 12

_SIGNED = """
SELECT DISTINCT payload_id, signature_head FROM signed_requests WHERE payload_id IS NOT NULL
"""
_STORE = """
CREATE OR REPLACE TABLE signature_checks AS
SELECT s.event_uuid, s.logged_at, s.file_id, s.line, s.payload_id, s.signature_head, c.fits
FROM signed_requests AS s
LEFT JOIN (
  SELECT
    CAST(UNNEST($1) AS VARCHAR) AS payload_id, CAST(UNNEST($2) AS VARCHAR) AS signature_head,
    CAST(UNNEST($3) AS BOOLEAN) AS fits
) AS c ON c.payload_id = s.payload_id AND c.signature_head = s.signature_head
"""


def write_signature_checks(db: Database) -> None:
    """Make the table `signature_checks`: `fits` is NULL where id or secret are not known."""
    (variable,) = (db.rows("SELECT secret_variable FROM settings") or [("",)])[0]
    secret = os.environ.get(variable or "", "")
    rows = db.rows(_SIGNED) if secret else []
    columns = [[row[0] for row in rows], [row[1] for row in rows]]
    db.con.execute(_STORE, [*columns, [fits(secret, *row) for row in rows]])


def fits(secret: str, payload_id: str, head: str) -> bool:
    """Whether `head` begins the signature of `payload_id`, in lower or in upper case.

    The time that the comparison takes says nothing about the digits.
    """
    found = False
    for text in (payload_id.lower(), payload_id.upper()):
        digest = hmac.new(secret.encode(), text.encode(), "sha1").hexdigest()
        found |= hmac.compare_digest(digest[:HEAD_DIGITS], head)
    return found
