"""One event's story: the verdict in words, and every row of evidence with its file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .errors import InputError
from .read.sources import open_source

if TYPE_CHECKING:
    from datetime import datetime

    from .database import Database

# How much of a record is quoted from its file, characters.
_QUOTE = 2000
# How many lines are shown that may be the event's or another's.
_CANDIDATES = 5

# What is masked in a quotation: the value of a key that names a person or a credential, in any of
# the ways that logs write `key: value`, and e-mail addresses wherever they stand. A quoted value is
# masked up to its own end, also where it is quoted twice (JSON in JSON, or in CSV); after the
# beginning of an object or a list, all that follows.
_SENSITIVE = re.compile(
    r"""(?isx)
    ( (?: name | e-?mail | phone | barcode | address | secret | token | passw | signature
        | authorization | cookie | api_?key ) [\w.-]{0,40}+ [\\"'\s]*+ [:=]>? \s*+ )
    (?: (\\*+ (?: ""(?![\s,}\]]) | ["'] )) .*? (?: (?<!\\)\2 | $ )
      | [{\[] .*
      | (?: [^"\\,;}&\]\n] | ,(?!\s*["']?[\w.-]{1,40}+["']?\s*[:=]) )++
    )
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
class Chapter:
    """What became of the event at one endpoint, and which evidence decided it."""

    verdict: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """What became of one event, for each endpoint that it was meant for."""

    event_uuid: str
    chapters: tuple[Chapter, ...]
    evidence: tuple[Evidence, ...] = field(default=())

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdict for each endpoint."""
        return tuple(chapter.verdict for chapter in self.chapters)

    def __str__(self) -> str:
        lines = [f"event {self.event_uuid}"]
        for chapter in self.chapters:
            lines += [chapter.verdict, *(f"  - {reason}" for reason in chapter.why)]
        lines.append("")
        for row in self.evidence:
            lines.append(f"{row.at:<27} {row.side:<9} {row.says}  [{row.place}]")
            if row.record:
                lines.append(f"    {row.record}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from .markup import escape

        told = ""
        for chapter in self.chapters:
            reasons = "".join(f"<li>{escape(reason, _QUOTE)}</li>" for reason in chapter.why)
            told += f"<p>{escape(chapter.verdict)}</p><ul>{reasons}</ul>"
        rows = ""
        for row in self.evidence:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in (row.at, row.side, row.says))
            rows += f"<tr>{cells}<td><code>{escape(row.place)}</code></td></tr>"
            if row.record:
                rows += f"<tr><td colspan=4><pre>{escape(row.record, _QUOTE)}</pre></td></tr>"
        return f"<h4>event <code>{escape(self.event_uuid)}</code></h4>{told}<table>{rows}</table>"


def tell(db: Database, uuid: str, *, source: bool = False, redact: bool = True) -> Story:
    """The story of one event; see `Workspace.event`.

    Raises:
        InputError: No log knows the event, or nothing was reconciled yet.
    """
    if not db.has("deliveries"):
        raise InputError("nothing is judged yet", hint="run `hookanalysis reconcile`")
    uuid = uuid.strip()
    if not re.search("[_g-zG-Z]", uuid):  # in ids that are no uuids, capitals mean something
        uuid = uuid.lower()
    evidence = [*_attempts(db, uuid), *_receipts(db, uuid), *_candidates(db, uuid)]
    found = db.rows(
        """
        SELECT endpoint_url, event_type, outcome, detail, reason, attempts, last_status,
               last_http_status, last_error_kind, receipts, accepted_count, processed_count
        FROM deliveries WHERE event_uuid = ? ORDER BY endpoint_url
        """,
        [uuid],
    )
    chapters = [_chapter(db, uuid, _Delivery(*row)) for row in found]
    if not chapters and not evidence:
        raise InputError(f"no loaded log knows the event {uuid}", where=db.path)
    rows = sorted(evidence, key=lambda e: (e[0].at, e[0].side, e[0].line))
    told = [_quoted(row, offset, redact=redact) if source else row for row, offset in rows]
    return Story(uuid, tuple(chapters), tuple(told))


class _Delivery(NamedTuple):
    endpoint_url: str
    event_type: str | None
    outcome: str
    detail: str
    reason: str | None
    attempts: int
    last_status: str | None
    last_http_status: int | None
    last_error_kind: str | None
    receipts: int
    accepted_count: int
    processed_count: int | None


def _chapter(db: Database, uuid: str, it: _Delivery) -> Chapter:
    url = it.endpoint_url or "an unknown endpoint"
    verdict = f"{it.event_type or 'event'} for {url}: {it.outcome} ({it.detail})."
    why = [_say_sender(it), _say_receiver(db, uuid, it)]
    if it.outcome == "missed" and it.last_error_kind in {"refused", "dns", "tls"}:
        why.append(f"By the sender's own word no request came through: {it.last_error_kind}.")
    if it.outcome in {"missed", "unprocessed"}:
        why += _say_proof(db, uuid, it)
    if it.detail == "ambiguous":
        why += _say_cluster(db, uuid, it.endpoint_url)
    if it.reason:
        why.append(it.reason)
    return Chapter(f"{verdict} {VERDICTS[it.outcome]}", tuple(why))


def _say_sender(it: _Delivery) -> str:
    if not it.attempts:
        return "The sender's exports hold no attempt of it."
    answer = it.last_http_status or it.last_error_kind or "no answer"
    if it.attempts == 1:
        return f"The sender logged one attempt: {it.last_status}, {answer}."
    return f"The sender logged {it.attempts} attempts, the last: {it.last_status}, {answer}."


def _say_receiver(db: Database, uuid: str, it: _Delivery) -> str:
    rows = db.rows(
        """
        SELECT layer, match_rule, count(*), min(score) FROM matches
        WHERE event_uuid = ? AND endpoint_url = ? GROUP BY ALL ORDER BY ALL
        """,
        [uuid, it.endpoint_url],
    )
    if not rows:
        return "No request in the receiver's logs is tied to it."
    tied = ", ".join(
        f"{count} in the {layer} log by {rule}" + (f" (score {score:.2f})" if score < 1 else "")
        for layer, rule, count, score in rows
    )
    worked = "" if it.processed_count is None else f", processed {it.processed_count}"
    at_edge = sum(count for layer, _, count, _ in rows if layer == "edge")
    passed_on = it.attempts == 1 and 0 < at_edge < it.receipts
    again = " The proxy passed one request on more than once." if passed_on else ""
    return (
        f"Requests tied to it: {tied}. Counted in one layer: {it.receipts},"
        f" of these accepted {it.accepted_count}{worked}.{again}"
    )


def _say_proof(db: Database, uuid: str, it: _Delivery) -> list[str]:
    """Each log that would show the request, with the lines around the time in which it does not."""
    layers = "s.depth = 1" if it.outcome == "missed" else "s.layer <> 'edge'"
    rows = db.rows(
        f"""
        WITH windows AS (
          SELECT s.stream, o.offset_ms, o.low_ms, o.high_ms, o.tolerance_ms,
                 a.possible_from + o.offset_ms * INTERVAL '1 millisecond' AS starts_at,
                 a.possible_until + o.offset_ms * INTERVAL '1 millisecond' AS ends_at
          FROM absences AS a
          JOIN serving_streams AS s ON s.endpoint_url = a.endpoint_url AND {layers}
          JOIN clock_offsets AS o ON o.stream = s.stream AND o.day IS NULL
          WHERE a.event_uuid = ? AND a.endpoint_url = ?
        ),
        lines AS (
          SELECT w.stream, c.first_at, c.last_at, f.path, c.first_line, c.last_line
          FROM windows AS w
          JOIN generations AS g ON g.stream = w.stream
          JOIN activity AS c ON c.generation_id = g.generation_id
          JOIN files AS f ON f.file_id = c.file_id
        )
        SELECT w.*,
          (SELECT arg_max(path || ':' || last_line, last_at) FROM lines AS l
           WHERE l.stream = w.stream AND l.last_at <= w.starts_at),
          (SELECT arg_min(path || ':' || first_line, first_at) FROM lines AS l
           WHERE l.stream = w.stream AND l.first_at >= w.ends_at)
        FROM windows AS w ORDER BY w.stream
        """,  # noqa: S608 - one of two fixed conditions
        [uuid, it.endpoint_url],
    )
    return [
        f"Log {stream} was written before ({before or 'no line'}) and after"
        f" ({after or 'no line'}) the time in which the request could have come, {_time(start)} to"
        f" {_time(end)} by its clock, and shows none that fits. Its clock is {offset / 1000:+.1f} s"
        f" off the sender's ({low / 1000:+.1f} to {high / 1000:+.1f});"
        f" tolerance {tolerance / 1000:.0f} s."
        for stream, offset, low, high, tolerance, start, end, before, after in rows
    ]


def _say_cluster(db: Database, uuid: str, url: str) -> list[str]:
    rows = db.rows(
        """
        SELECT DISTINCT c.starts_at, c.ends_at, c.attempts, c.receipts, c.at_least_missed
        FROM open_ends AS o
        JOIN clusters AS c ON o.moment BETWEEN c.starts_at AND c.ends_at
          AND (c.endpoint_url = o.endpoint_url OR c.endpoint_url = '')
        WHERE o.event_uuid = ? AND o.endpoint_url = ? ORDER BY ALL
        """,
        [uuid, url],
    )
    return [
        f"Between {_time(start)} and {_time(end)} {attempts} attempts may own"
        f" {lines} line{'' if lines == 1 else 's'}:"
        f" at least {missed} of them never arrived, and nobody can tell which."
        for start, end, attempts, lines, missed in rows
    ]


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
                 receipt_id % 10000000000000 AS byte_offset,
                 any_value(match_rule) AS match_rule, max(score) AS score
          FROM matches WHERE event_uuid = $uuid GROUP BY ALL
        )
        SELECT r.logged_at, g.layer, r.method, r.path, r.http_status, r.step, r.message,
               r.exception, l.match_rule, l.score, f.path, r.line, r.byte_offset
        FROM receipt_records AS r
        JOIN files AS f USING (file_id)
        JOIN generations AS g ON g.generation_id = r.generation_id
        LEFT JOIN linked AS l
          ON l.generation_id = r.generation_id AND l.byte_offset = r.byte_offset
        WHERE r.event_uuid = $uuid OR list_contains(r.candidate_uuids, $uuid)
           OR l.match_rule IS NOT NULL
        """,
        {"uuid": uuid},
    )
    told = []
    for at, *parts, message, raised, rule, score, path, line, offset in rows:
        quoted = f"“{message}”" if message else ""
        trace = f"raised {' … '.join(raised.splitlines())}" if raised else ""
        says = " ".join(str(part) for part in (*parts, quoted, trace) if part)
        if rule not in {None, "uuid"}:
            says += f" (tied by {rule}, score {score:.2f})"
        told.append((Evidence("receiver", _time(at), says, path, line), offset))
    return told


def _candidates(db: Database, uuid: str) -> list[tuple[Evidence, int]]:
    """The lines that may be the event's as well as another's: the nearest few."""
    rows = db.rows(
        """
        SELECT r.logged_at, r.method, r.path, r.http_status, f.path, r.line, r.byte_offset
        FROM open_ends AS o
        JOIN leftover_ends AS e ON e.end_key = o.attempt_key
        JOIN leftover_lines AS l ON l.path = o.path AND l.cluster = o.cluster
          AND l.starts_at <= e.ends_at AND l.ends_at >= e.starts_at
        JOIN receipt_records AS r ON r.generation_id = l.receipt_id // 10000000000000
          AND r.byte_offset = l.receipt_id % 10000000000000
        JOIN files AS f ON f.file_id = r.file_id
        WHERE o.event_uuid = ?
        ORDER BY abs(date_diff('microsecond', o.moment, l.starts_at)), l.receipt_id LIMIT ?
        """,
        [uuid, _CANDIDATES],
    )
    told = []
    for at, method, url, status, path, line, offset in rows:
        says = " ".join(str(part) for part in ("edge", method, url, status) if part)
        told.append((Evidence("candidate", _time(at), says, path, line), offset))
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
