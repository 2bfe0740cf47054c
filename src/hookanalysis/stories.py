"""Events with the lines of both sides' logs: one's whole story, and those in trouble in a list."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .database import Database
from .errors import InputError
from .facts.period import MAX_EVENTS, Period, ask, pick_outcomes
from .markup import MAX_SAVED, Block, Column, keep, render, say_rest, see, table
from .read.sources import Source
from .redaction import redact
from .tables import OUTCOMES
from .words import PHRASES, plural, say, say_line, say_reason, say_sender

_QUOTE = 2000  # characters of a record that are quoted from its file
_SHOWN = 12  # lines of an event in a list; requests and lines of a component, its own first


def _time(at: datetime | None) -> str:
    return f"{at.isoformat(' ', 'milliseconds')} UTC" if at else "no time"


_REQUESTS = [
    Column("event_uuid", "event"),
    Column(lambda row: _time(row["attempted_at"]), "attempted"),
    Column(lambda row: " ".join(filter(None, (row["status"], row["answer"]))), "answer"),
    Column("shown_by", "inner layer"),
    Column(lambda row: _time(row["starts_at"]), "from"),
    Column(lambda row: _time(row["ends_at"]), "to"),
    Column(
        lambda row: say(row["state"], "lines") + ("" if row["covered"] else ", log not whole"),
        "certain",
    ),
]
_LINES = [
    Column("place", "line"),
    Column(lambda row: _time(row["logged_at"]), "time"),
    Column(lambda row: _time(row["sent_at"]), "by the sender's clock"),
    Column("http_status", "status"),
    Column(lambda row: " or ".join(row["owners"]), "of"),
]


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
    """Requests that compete for the same lines of one layer, and which assignments are left."""

    title: str  # what is shown, and how much there is of it
    # What is certain of the line of each: `component_requests` of `stories.sql`.
    requests: list[dict[str, Any]]
    lines: list[dict[str, Any]]  # the candidates, and whose each is or may be: `component_lines`
    says: str  # what follows, in words

    def show(self) -> tuple[Block, Block, Block]:
        """Its title and what follows, its requests, and the lines that may be theirs."""
        words = f"{self.title} {self.says}".strip()
        return (
            Block(render("component", words=words), words),
            table(self.requests, _REQUESTS),
            table(self.lines, _LINES, empty="No line fits."),
        )


@dataclass(frozen=True)
class Story:
    """What became of one event, for each endpoint that it was meant for."""

    event_uuid: str
    chapters: tuple[Chapter, ...]
    evidence: tuple[Evidence, ...]
    components: tuple[Component, ...]

    def __repr__(self) -> str:
        texts = [f"event {self.event_uuid}"]
        for chapter in self.chapters:
            texts += [chapter.verdict, *(f"  - {reason}" for reason in chapter.why)]
        texts.append("")
        for row in self.evidence:
            texts.append(f"{row.at:<27} {row.side:<9} {row.says}  [{row.place}]")
            texts += [f"    {row.record}"] if row.record else []
        for part in self.components:
            texts += ["", *(block.text for block in part.show())]
        return "\n".join(texts)

    def _repr_html_(self) -> str:
        blocks = (block for part in self.components for block in part.show())
        shown = sum(blocks, Block(render("event", story=self), ""))
        return str(shown._repr_mimebundle_()["text/html"])


def tell(db: Database, uuid: str, *, source: bool = False, masked: bool = True) -> Story:
    """The story of one event; see `Workspace.event`.

    Raises:
        InputError: No log knows the event, several begin so, or nothing was reconciled yet.
    """
    if not db.has("deliveries"):
        raise InputError("nothing is judged yet", hint="run `hookanalysis reconcile`")
    uuid = _complete(db, uuid.strip())
    evidence = [
        _read_evidence(row, source=source, masked=masked)
        for row in ask(db, "evidence_lines", uuids=[uuid])
    ]
    chapters = [_chapter(db, row) for row in ask(db, "event_deliveries", uuid=uuid)]
    if not chapters and not evidence:
        raise InputError(f"no loaded log knows the event {uuid}", where=db.path)
    evidence.sort(key=lambda row: (row.at, row.side, row.line))
    components = [_component(db, uuid, row) for row in ask(db, "components", uuid=uuid)]
    return Story(uuid, tuple(chapters), tuple(evidence), tuple(components))


def _complete(db: Database, uuid: str) -> str:
    """The id of the one event that is called so, or whose id begins so."""
    if not re.search("[_g-zG-Z]", uuid):  # in ids that are no uuids, capitals mean something
        uuid = uuid.lower()
    known = {row["event_uuid"] for row in ask(db, "events_named", uuid=uuid)}
    if uuid in known or not known:
        return uuid
    if not uuid or len(known) > 1:
        raise InputError(
            f"{len(known):,} events begin with {uuid!r}", where=db.path, hint="give more of the id"
        )
    return str(known.pop())


def _chapter(db: Database, row: dict[str, Any]) -> Chapter:
    outcome, error = row["outcome"], row["last_error_kind"]
    kind, url = row["event_type"] or "event", row["endpoint_url"] or "an unknown endpoint"
    why = [_say_sender(row), _say_receiver(row)]
    if outcome == "missed" and error in {"refused", "dns", "tls"}:
        why.append(f"By the sender's own word no request came through: {say(error, 'errors')}.")
    if outcome in {"missed", "unprocessed"}:
        which = {"uuid": row["event_uuid"], "url": row["endpoint_url"]}
        silent = ask(db, "silent_windows", **which, missed=outcome == "missed")
        why += map(_say_silence, silent)
    if row["reason"]:
        why.append(say_reason(row["reason"]))
    detail = "" if row["detail"] == outcome else f" ({say(row['detail'])})"
    verdict = f"{kind} for {url}: {outcome}{detail}: {OUTCOMES[outcome]}."
    return Chapter(verdict, tuple(why))


def _say_sender(row: dict[str, Any]) -> str:
    if not row["attempts"]:
        return "The sender's exports hold no attempt of it."
    answer = row["last_http_status"] or row["last_error_kind"] or "no answer"
    tried = "one attempt" if row["attempts"] == 1 else f"{row['attempts']} attempts, the last"
    return f"The sender logged {tried}: {row['last_status']}, {answer}."


def _say_receiver(row: dict[str, Any]) -> str:
    if not row["tied"]:
        return "No request in the receiver's logs is tied to it."
    tied = ", ".join(
        f"{tie['lines']} in the {tie['layer']} log by {tie['match_rule']}"
        + (f" (score {tie['score']:.2f})" if tie["score"] < 1 else "")
        for tie in row["tied"]
    )
    worked = "" if row["processed_count"] is None else f", processed {row['processed_count']}"
    passed_on = row["attempts"] == 1 and row["edge_has_fewer"]
    again = " The proxy passed one request on more than once." if passed_on else ""
    return (
        f"Requests tied to it: {tied}. Counted in one layer: {row['receipts']},"
        f" of these accepted {row['accepted_count']}{worked}.{again}"
    )


def _say_silence(log: dict[str, Any]) -> str:
    """A log that would show the request, with the lines around the time in which it does not."""
    lines = {key: log[key] or "no line" for key in ("line_before", "line_after")}
    times = {key: _time(log[key]) for key in ("starts_at", "ends_at")}
    seconds = {key: log[f"{key}_ms"] / 1000 for key in ("offset", "low", "high", "tolerance")}
    return str(PHRASES["silent"].format(stream=log["stream"], **lines, **times, **seconds))


def _component(db: Database, uuid: str, row: dict[str, Any]) -> Component:
    """What the assignment of lines to requests rests on, in one layer."""
    place = {"layer": row["layer"], "component": row["component"], "uuid": uuid, "shown": _SHOWN}
    lines, says = plural(row["lines"], "line"), ""
    if row["left_open"] and row["left_out"]:
        says = (
            f"{row['crowd']} requests may own {lines}: at least {row['left_out']} of them never"
            " arrived, and nobody can tell which."
        )
    elif row["left_open"]:
        says = "In some assignments the event has a line, in others none."
    return Component(
        f"{row['layer']}: {plural(row['crowd'], 'request')}, {lines} that may be theirs.",
        ask(db, "component_requests", **place),
        ask(db, "component_lines", **place),
        says,
    )


def _read_evidence(row: dict[str, Any], *, source: bool, masked: bool) -> Evidence:
    """A row that names the event, or is of a request that was matched to it."""
    side, says = "sender", say_line(row)
    if row["side"] == "sender":
        says += f" → {row['endpoint_url']}" if row["endpoint_url"] else ""
    else:
        side, says = "receiver", f"{row['side']} {says}"
        if row["exception"]:
            says += f" raised {' … '.join(row['exception'].splitlines())}"
        if row["match_rule"] not in {None, "uuid"}:
            says += f" (tied by {row['match_rule']}, score {row['score']:.2f})"
    record = _quote(row["file"], row["byte_offset"], masked=masked) if source else ""
    return Evidence(side, _time(row["logged_at"]), says, row["file"], row["line"], record)


def _quote(path: str, offset: int, *, masked: bool) -> str:
    """A record, read afresh from its file."""
    try:
        text = Source(Path(path), max_text_bytes=1 << 50).line_at(offset)[:_QUOTE]
    except InputError as error:
        return f"(the record cannot be shown: {error.what})"
    return redact(text) if masked else text


_EVENTS = [
    Column("number", "#", "count"),
    Column("event_uuid", "Event and its type", "id", under="event_type"),
    Column("endpoint_url", "Endpoint", "url"),
    Column("outcome", "Outcome", "outcome", under=lambda row: say(row["detail"])),
    Column("first_attempt_at", "First attempt", "time", under=say_sender),
]


def events(
    ws: Database, period: Period | None = None, *, outcome: str = "", limit: int = MAX_EVENTS
) -> Block:
    """The events in trouble, in order of time, each with its evidence: file and line.

    The numbers are those of the dots in `charts.explorer`; marking a time there limits this list.

    Args:
        ws: A reconciled workspace.
        period: `facts.period`; all by default.
        outcome: Only these outcomes, such as `missed refused`.
        limit: Longest list; the rest can be saved.
    """
    found = ask(ws, "listed_deliveries", period, **pick_outcomes(outcome), most=MAX_SAVED)
    if not found:
        return table([], [], empty="No event is in trouble in this period.")
    lines = defaultdict(list)
    uuids = [row["event_uuid"] for row in found[:limit] if row["event_uuid"]]
    for line in ask(ws, "evidence_lines", period, uuids=uuids):
        lines[line["event_uuid"]].append(line)
    cells = [[see({**row, "number": n}, c) for c in _EVENTS] for n, row in enumerate(found, 1)]
    shown, texts = [], []
    for number, row in enumerate(found[:limit], 1):
        at, own = row["happened_at"], lines[row["event_uuid"]]
        at = round(at.replace(tzinfo=UTC).timestamp() * 1000) if at else 0
        shown.append({"at": at, "cells": cells[number - 1], "lines": own})
        texts.append(f"{number} {row['event_uuid']} {row['outcome']}: {plural(len(own), 'line')}")
    more, rest = say_rest(found[0]["total"] - len(shown)), keep(cells[limit:])
    page = render("events", columns=_EVENTS, rows=shown, rest=rest, more=more, most=_SHOWN)
    return Block(page, "\n".join([*texts, more]).strip())
