"""One event's story: the verdict in words, and every row of evidence with its file and line."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InputError
from .reading.sources import open_source

if TYPE_CHECKING:
    from datetime import datetime

    from .database import Database

# How much of a record is quoted from its file, characters.
_QUOTE = 2000

# What is masked in a quotation: the value of a key that names a person or a credential, in any of
# the ways that logs write `key: value`, and e-mail addresses wherever they stand.
_SENSITIVE = re.compile(
    r"""(?ix)
    ( [\w.-]* (?: name | e-?mail | phone | barcode | address | secret | token | passw | signature
        | authorization | cookie | api_?key ) [\w.-]* [\\"'\s]* [:=]>? [\\"'\s]* )
    ( [^"'\\,;}&\]]+ )
    """
)
_EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")

VERDICTS = {
    "delivered": "It was delivered: accepted once, at the first try.",
    "recovered": "It was delivered in the end: accepted once, after a failed attempt.",
    "duplicated": "It arrived and was accepted more than once.",
    "unacknowledged": "It was accepted, yet the sender counts it as failed. "
    "A resend would deliver it twice.",
    "unprocessed": "The server accepted it, but the application never handled it.",
    "refused": "It arrived, and the receiver answered with an error each time.",
    "missed": "It did not arrive. The logs prove it.",
    "pending": "It is too early to tell: the last attempt is within the grace time.",
    "unexpected": "The receiver has it, but the sender's export, which covers the time, does not.",
    "undetermined": "The logs at hand cannot tell.",
}


@dataclass(frozen=True)
class Evidence:
    """One row of a log: what it says, and where it stands."""

    side: str
    at: str
    says: str
    path: str
    line: int
    record: str = ""

    @property
    def place(self) -> str:
        """File and line, as `access.log:812`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Story:
    """What became of one event, for each endpoint that it was meant for."""

    event_uuid: str
    verdicts: tuple[str, ...]
    evidence: tuple[Evidence, ...] = field(default=())

    def __str__(self) -> str:
        lines = [f"event {self.event_uuid}", *self.verdicts, ""]
        for row in self.evidence:
            lines.append(f"{row.at:<27} {row.side:<9} {row.says}  [{row.place}]")
            if row.record:
                lines.append(f"    {row.record}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_safe(e.at)}</td><td>{_safe(e.side)}</td><td>{_safe(e.says)}</td>"
            f"<td><code>{_safe(e.place)}</code></td></tr>"
            + (f"<tr><td colspan=4><pre>{_safe(e.record)}</pre></td></tr>" if e.record else "")
            for e in self.evidence
        )
        told = "".join(f"<p>{_safe(verdict)}</p>" for verdict in self.verdicts)
        return f"<h4>event <code>{_safe(self.event_uuid)}</code></h4>{told}<table>{rows}</table>"


def tell(db: Database, uuid: str, *, source: bool = False, redact: bool = True) -> Story:
    """The story of one event; see `Workspace.event`.

    Raises:
        InputError: No log knows the event, or nothing was reconciled yet.
    """
    if not db.has("deliveries"):
        raise InputError("nothing is judged yet", hint="run `hookanalysis reconcile`")
    uuid = uuid.strip().lower()
    evidence = [*_attempts(db, uuid), *_receipts(db, uuid)]
    verdicts = [
        _verdict(*row)
        for row in db.rows(
            """
            SELECT endpoint_url, event_type, outcome, detail, reason FROM deliveries
            WHERE event_uuid = ? ORDER BY endpoint_url
            """,
            [uuid],
        )
    ]
    if not verdicts and not evidence:
        raise InputError(f"no loaded log knows the event {uuid}", where=db.path)
    rows = sorted(evidence, key=lambda e: (e[0].at, e[0].side, e[0].line))
    told = [_quoted(row, offset, redact=redact) if source else row for row, offset in rows]
    return Story(uuid, tuple(verdicts), tuple(told))


def _verdict(url: str, kind: str | None, outcome: str, detail: str, reason: str | None) -> str:
    told = f"{kind or 'event'} for {url or 'an unknown endpoint'}: {outcome} ({detail})."
    return f"{told} {VERDICTS[outcome]}" + (f" {reason}" if reason else "")


def _attempts(db: Database, uuid: str) -> list[tuple[Evidence, int]]:
    rows = db.rows(
        """
        SELECT r.attempted_at, r.status, r.http_status, r.error_kind, r.endpoint_url, f.path,
               r.line, r.byte_offset
        FROM attempt_records AS r JOIN files AS f USING (file_id)
        WHERE r.event_uuid = ?
        """,
        [uuid],
    )
    told = []
    for at, status, code, error, url, path, line, offset in rows:
        says = " ".join(str(p) for p in (status, code or error, f"→ {url}" if url else "") if p)
        told.append((Evidence("sender", _time(at), says, path, line), offset))
    return told


def _receipts(db: Database, uuid: str) -> list[tuple[Evidence, int]]:
    """Every line that names the event, and the edge lines that were matched to it."""
    rows = db.rows(
        """
        WITH linked AS (
          SELECT receipt_id // 10000000000000 AS generation_id,
                 receipt_id % 10000000000000 AS byte_offset
          FROM matches WHERE event_uuid = $uuid
        )
        SELECT r.logged_at, g.layer, r.method, r.path, r.http_status, r.step, r.message, f.path,
               r.line, r.byte_offset
        FROM receipt_records AS r
        JOIN files AS f USING (file_id)
        JOIN generations AS g ON g.generation_id = r.generation_id
        WHERE r.event_uuid = $uuid OR list_contains(r.candidate_uuids, $uuid)
           OR (r.generation_id, r.byte_offset) IN (SELECT generation_id, byte_offset FROM linked)
        """,
        {"uuid": uuid},
    )
    told = []
    for at, layer, method, url, status, step, message, path, line, offset in rows:
        parts = (layer, method, url, status, step, f"“{message}”" if message else "")
        says = " ".join(str(part) for part in parts if part)
        told.append((Evidence("receiver", _time(at), says, path, line), offset))
    return told


def _time(at: datetime | None) -> str:
    return f"{at.isoformat(' ', 'milliseconds')} UTC" if at else "no time"


def _quoted(row: Evidence, offset: int, *, redact: bool) -> Evidence:
    """The row with its record, read afresh from the file."""
    try:
        source = open_source(Path(row.path), max_text_bytes=1 << 50)
        text = source.line_at(offset)[:_QUOTE]
    except InputError as error:
        text = f"(the record cannot be shown: {error.what})"
    else:
        if redact:
            text = _EMAIL.sub("…", _SENSITIVE.sub(r"\1…", text))
    return Evidence(row.side, row.at, row.says, row.path, row.line, text)


def _safe(text: str) -> str:
    return html.escape(text)
