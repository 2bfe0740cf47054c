"""Signatures in logs and exports, computed again: hex HMAC-SHA1 of the payload's id.

The secret comes from the environment, where the settings say; it is never stored and never shown.
Of a signature only the first digits are kept: enough to tell whether it fits, too few to be used.
"""

from __future__ import annotations

import hmac
import os

from hookanalysis.database import Database, sql_text

HEAD_DIGITS = 12

_SIGNED = """
SELECT DISTINCT payload_id, signature_head FROM signed_requests WHERE payload_id IS NOT NULL
"""
_CHECKED = """
SELECT s.*, c.fits
FROM signed_requests AS s
LEFT JOIN checks AS c ON c.payload_id = s.payload_id AND c.signature_head = s.signature_head
"""


def write_signature_checks(db: Database) -> None:
    """Make the table `signature_checks`: `fits` is NULL where id or secret are not known."""
    (variable,) = (db.rows("SELECT secret_variable FROM settings") or [("",)])[0]
    secret = os.environ.get(variable or "", "")
    db.make("signed_requests", sql_text("signatures/signed_requests"))
    db.con.execute(
        "CREATE OR REPLACE TEMP TABLE checks (payload_id VARCHAR, signature_head VARCHAR,"
        " fits BOOLEAN)"
    )
    if checks := [(*row, fits(secret, *row)) for row in db.rows(_SIGNED)] if secret else []:
        db.con.executemany("INSERT INTO checks VALUES (?, ?, ?)", checks)
    db.make("signature_checks", _CHECKED)
    for name in ("signed_requests", "checks"):
        db.con.execute(f"DROP TABLE temp.{name}")


def fits(secret: str, payload_id: str, head: str) -> bool:
    """Whether `head` begins the signature of `payload_id`, in lower or in upper case.

    The time that the comparison takes says nothing about the digits.
    """
    found = False
    for text in (payload_id.lower(), payload_id.upper()):
        digest = hmac.new(secret.encode(), text.encode(), "sha1").hexdigest()
        found |= hmac.compare_digest(digest[:HEAD_DIGITS], head)
    return found
