"""One event's story: the verdict in words, and every row of evidence with its file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .database import sql_text
from .errors import InputError
from .facts.period import ask
from .markup import Column, escape, plural, table
from .read.sources import open_source
from .tables import OUTCOMES
from .words import say_line, say_reason

if TYPE_CHECKING:
    from datetime import datetime

    from .database import Database

# How much of a record is quoted from its file, characters.
_QUOTE = 2000
# How many requests and lines of a component are shown, the event's own first.
_SHOWN = 12

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
class Component:
    """Requests that compete for the same lines of one layer, and which assignments are left.

    Args:
        title: What is shown, and how much there is of it.
        requests: One row each: event, attempt time, answer as the sender saw it, what an inner
            layer shows, first and last time of its line (sender's clock), and what is certain of
            its line: `line`, `none`, `open` or `lacking`.
        lines: Candidate lines: file and line, time (by the log's clock, and by the sender's),
            status, and whose it is or may be.
        says: What follows, in words.
    """

    title: str
    requests: tuple[tuple[str, ...], ...]
    lines: tuple[tuple[str, ...], ...]
    says: tuple[str, ...] = ()

    REQUEST_HEADERS = ("event", "attempted", "answer", "inner layer", "from", "to", "certain")
    LINE_HEADERS = ("line", "time", "by the sender's clock", "status", "of")

    def __str__(self) -> str:
        tables = [(self.REQUEST_HEADERS, self.requests), (self.LINE_HEADERS, self.lines)]
        shown = [line for head, rows in tables if rows for line in _align(head, rows)]
        return "\n".join([self.title, *shown, *(f"  {words}" for words in self.says)])


@dataclass(frozen=True)
class Story:
    """What became of one event, for each endpoint that it was meant for."""

    event_uuid: str
    chapters: tuple[Chapter, ...]
    evidence: tuple[Evidence, ...] = field(default=())
    components: tuple[Component, ...] = field(default=())

    def __str__(self) -> str:
        lines = [f"event {self.event_uuid}"]
        for chapter in self.chapters:
            lines += [chapter.verdict, *(f"  - {reason}" for reason in chapter.why)]
        lines.append("")
        for row in self.evidence:
            lines.append(f"{row.at:<27} {row.side:<9} {row.says}  [{row.place}]")
            if row.record:
                lines.append(f"    {row.record}")
        for component in self.components:
            lines += ["", str(component)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
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
        for part in self.components:
            told += f"<p>{escape(part.title)} {escape(' '.join(part.says), _QUOTE)}</p>"
            told += _html_table(Component.REQUEST_HEADERS, part.requests)
            told += _html_table(Component.LINE_HEADERS, part.lines)
        return f"<h4>event <code>{escape(self.event_uuid)}</code></h4>{told}<table>{rows}</table>"


def _align(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in (header, *rows)]


def _html_table(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    columns = [Column(name, name) for name in header]
    return table((dict(zip(header, row, strict=True)) for row in rows), columns, empty="").html


def tell(db: Database, uuid: str, *, source: bool = False, redact: bool = True) -> Story:
    """The story of one event; see `Workspace.event`.

    Raises:
        InputError: No log knows the event, several begin so, or nothing was reconciled yet.
    """
    if not db.has("deliveries"):
        raise InputError("nothing is judged yet", hint="run `hookanalysis reconcile`")
    uuid = _complete(db, uuid.strip())
    evidence = _evidence(db, uuid)
    columns = ", ".join(_Delivery._fields)
    found = db.rows(
        f"SELECT {columns} FROM deliveries WHERE event_uuid = ? ORDER BY endpoint_url",  # noqa: S608
        [uuid],
    )
    chapters = [_chapter(db, uuid, _Delivery(*row)) for row in found]
    if not chapters and not evidence:
        raise InputError(f"no loaded log knows the event {uuid}", where=db.path)
    rows = sorted(evidence, key=lambda e: (e[0].at, e[0].side, e[0].line))
    told = [_quoted(row, offset, redact=redact) if source else row for row, offset in rows]
    return Story(uuid, tuple(chapters), tuple(told), tuple(_components(db, uuid)))


def _complete(db: Database, uuid: str) -> str:
    """The id of the one event that is called so, or whose id begins so."""
    if not re.search("[_g-zG-Z]", uuid):  # in ids that are no uuids, capitals mean something
        uuid = uuid.lower()
    known = {name for (name,) in db.rows(sql_text("report/events_named"), {"uuid": uuid})}
    if uuid in known or not known:
        return uuid
    if not uuid or len(known) > 1:
        raise InputError(
            f"{len(known):,} events begin with {uuid!r}", where=db.path, hint="give more of the id"
        )
    return str(known.pop())


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
    verdict = f"{it.event_type or 'event'} for {url}: {it.outcome} ({it.detail})"
    why = [_say_sender(it), _say_receiver(db, uuid, it)]
    if it.outcome == "missed" and it.last_error_kind in {"refused", "dns", "tls"}:
        why.append(f"By the sender's own word no request came through: {it.last_error_kind}.")
    if it.outcome in {"missed", "unprocessed"}:
        why += _say_proof(db, uuid, it)
    if it.reason:
        why.append(say_reason(it.reason))
    return Chapter(f"{verdict}: {OUTCOMES[it.outcome]}.", tuple(why))


def _say_sender(it: _Delivery) -> str:
    if not it.attempts:
        return "The sender's exports hold no attempt of it."
    answer = it.last_http_status or it.last_error_kind or "no answer"
    tried = "one attempt" if it.attempts == 1 else f"{it.attempts} attempts, the last"
    return f"The sender logged {tried}: {it.last_status}, {answer}."


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
    passed_on = it.attempts == 1 and _has_fewer_lines(db, uuid, it)
    again = " The proxy passed one request on more than once." if passed_on else ""
    return (
        f"Requests tied to it: {tied}. Counted in one layer: {it.receipts},"
        f" of these accepted {it.accepted_count}{worked}.{again}"
    )


def _has_fewer_lines(db: Database, uuid: str, it: _Delivery) -> bool:
    """Whether the edge, whose log is whole, has fewer lines than logs behind it show requests."""
    # Components of the delivery in which the edge has fewer lines than requests.
    by_time = db.rows(
        "SELECT 1 FROM requests WHERE layer = 'edge' AND event_uuid = ? AND endpoint_url = ?"
        " AND covered GROUP BY component HAVING count(*) = max(crowd)"
        " AND max(lines) BETWEEN 1 AND count(*) - 1",
        [uuid, it.endpoint_url],
    )
    by_name = db.rows(sql_text("report/requests_by_layer"), [uuid, it.endpoint_url])
    return bool(by_time or by_name)


def _say_proof(db: Database, uuid: str, it: _Delivery) -> list[str]:
    """Each log that would show the request, with the lines around the time in which it does not.

    Only logs that show other requests to the endpoint, testify for all of that time, and in which
    no line may be the event's.
    """
    rows = db.rows(
        sql_text("report/silent_windows"),
        {"uuid": uuid, "url": it.endpoint_url, "missed": it.outcome == "missed"},
    )
    return [
        f"Log {stream} was written before ({before or 'no line'}) and after"
        f" ({after or 'no line'}) the time in which the request could have come, {_time(start)} to"
        f" {_time(end)} by its clock, and shows none that fits. Its clock is {offset / 1000:+.1f} s"
        f" off the sender's ({low / 1000:+.1f} to {high / 1000:+.1f});"
        f" tolerance {tolerance / 1000:.0f} s."
        for stream, offset, low, high, tolerance, start, end, before, after in rows
    ]


_STATES = {
    "line": "has a line",
    "none": "has none",
    "open": "open",
    "lacking": "must have one, none fits",
}


def _components(db: Database, uuid: str) -> list[Component]:
    """What the assignment of lines to requests rests on, layer by layer."""
    found = db.rows(sql_text("report/components"), {"uuid": uuid})
    return [_component(db, uuid, *row) for row in found]


def _component(db: Database, uuid: str, layer: str, number: int, *counts: int) -> Component:
    place = {"layer": layer, "component": number, "uuid": uuid, "shown": _SHOWN}
    crowd, lines, left_open, left_out = counts
    requests = db.rows(sql_text("report/component_requests"), place)
    candidates = db.rows(sql_text("report/component_lines"), place)
    says = []
    if left_open and left_out:
        says.append(
            f"{crowd} requests may own {plural(lines, 'line')}: at least {left_out} of them never"
            " arrived, and nobody can tell which."
        )
    elif left_open:
        says.append("In some assignments the event has a line, in others none.")
    return Component(
        f"{layer}: {plural(crowd, 'request')}, {plural(lines, 'line')} that may be theirs.",
        tuple(
            (
                name or "",
                _time(at),
                " ".join(filter(None, (status, answer))),
                inner or "",
                _time(start),
                _time(end),
                _STATES[state] + ("" if covered else ", log not whole"),
            )
            for name, at, status, answer, inner, start, end, state, covered in requests
        ),
        tuple(
            (line, _time(at), _time(then), str(status or ""), " or ".join(owners))
            for line, at, then, status, owners in candidates
        ),
        tuple(says),
    )


def _evidence(db: Database, uuid: str) -> list[tuple[Evidence, int]]:
    """Every row that names the event, or is of a request that was matched to it."""
    told = []
    for row in ask(db, "evidence_lines", uuids=[uuid]):
        if row["side"] == "sender":
            side, says = "sender", say_line(row)
            says += f" → {row['endpoint_url']}" if row["endpoint_url"] else ""
        else:
            side, says = "receiver", f"{row['side']} {say_line(row)}"
            if row["exception"]:
                says += f" raised {' … '.join(row['exception'].splitlines())}"
            if row["match_rule"] not in {None, "uuid"}:
                says += f" (tied by {row['match_rule']}, score {row['score']:.2f})"
        place = row["file"], row["line"]
        told.append((Evidence(side, _time(row["logged_at"]), says, *place), row["byte_offset"]))
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
