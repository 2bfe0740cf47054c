"""The pieces that reports are put together from: words, cards and tables, out of the facts.

Each function returns a `Block`, which shows itself in a report and in JupyterLab. Nothing is
judged here: the facts hold the numbers, the tables hold the verdicts.
"""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import markup, wording
from .charts.drawing import Window, ask
from .facts.measures import percent
from .markup import FACTS_MIME, Block, Column, count, escape, plural, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .database import Database
    from .diagnosis import Finding
    from .facts.measures import Facts, FileFacts, Period

MAX_PLACES = 6  # endpoints named in one finding
# Outcome of a card, its section, and what stands under the number.
_CARDS = (
    ("missed", "Missed", "missed", "proven not to have arrived"),
    ("undetermined", "Possibly missed", "what-could-not-be-known", "missed, or not to be told"),
    ("delivered", "Delivered", "outcomes", "accepted at least once"),
    ("duplicated", "Duplicated", "duplicated", "accepted more than once"),
    ("refused", "Refused", "other-troubles", "answered with an error"),
    ("unprocessed", "Unprocessed", "other-troubles", "accepted, never handled"),
)


class _Loads(Protocol):
    def load(self, *paths: str | Path) -> Any: ...
    def reconcile(self) -> None: ...


W = TypeVar("W", bound=_Loads)


def load_samples(ws: W) -> W:
    """Load the bundled samples into an empty workspace and reconcile them; returns it."""
    packaged = resources.files("hookanalysis").joinpath("samples")
    with resources.as_file(packaged) as installed:
        checkout = Path(__file__).parents[2] / "data" / "samples"
        folder = installed if installed.is_dir() else checkout
        ws.load(folder / "sender", folder / "receiver")
    ws.reconcile()
    return ws


def cover(facts: Facts) -> Block:
    """The top of a report: the period, one sentence, and the numbers side by side.

    It also carries the facts themselves, from which `facts.json` is written.
    """
    when = wording.say_period(facts.period)
    headline, also = _headline(facts), _also(facts)
    level, badge = facts.worst or "good", wording.BADGES[facts.worst]
    if not facts.headline.judged and not facts.worst:
        level, badge = "info", "Nothing to judge"
    cards = "".join(_card(facts, *card) for card in _CARDS)
    page = (
        f'<p class="hk-when">{escape(when)} <span class="hk-badge hk-{level}">{badge}</span></p>'
        f'<p class="hk-headline">{escape(headline)}</p>'
        f'<p class="hk-also">{escape(also, 1000)}</p>'
        f'<div class="hk-numbers">{cards}</div>'
    )
    return Block(page, f"{when}: {headline} {also}".strip(), {FACTS_MIME: facts.to_dict()})


def findings(facts: Facts) -> Block:
    """What was found, the most severe first, each with its next step."""
    if not facts.findings:
        words = "Nothing to do: no rule found anything wrong."
        return Block(f'<p class="hk-empty">{words}</p>', words)
    rules: dict[str, list[Finding]] = {}
    for found in facts.findings:
        rules.setdefault(found.rule_id, []).append(found)
    items, sentences = [], []
    for entries in rules.values():
        first, total = entries[0], plural(sum(e.deliveries for e in entries), "delivery")
        level = escape(first.severity)
        items.append(
            f'<li class="hk-finding hk-{level}"><h3>{escape(first.title)}'
            f'<span class="hk-badge hk-{level}">{level}</span></h3>'
            f'<p class="hk-facts"><b>{total}</b> · cause: {escape(first.cause)}'
            f" · guide: {escape(first.guide_step)}</p>"
            f"<ul>{''.join(_say_where(e) for e in entries[:MAX_PLACES])}"
            f"{_say_more(len(entries) - MAX_PLACES)}</ul>"
            f'<p>{escape(first.explain, 1000)}</p><p class="hk-next">'
            f"{escape(first.next_check, 1000)}</p></li>"
        )
        sentences.append(f"{level}: {first.title} ({total}). Next: {first.next_check}")
    text = markup.tame(" ".join(sentences), 10_000)
    return Block(f'<ol class="hk-findings">{"".join(items)}</ol>', text)


def _say_where(found: Finding) -> str:
    where = markup.endpoint(found.endpoint_url, 80)
    number = plural(found.deliveries, "delivery")
    span = f", {markup.days(found.first_at, found.last_at)}" if found.first_at else ""
    return f"<li>{escape(where)}: {escape(number + span)}</li>"


def _say_more(number: int) -> str:
    return f"<li>and {plural(number, 'endpoint')} more</li>" if number > 0 else ""


def outcomes(facts: Facts) -> Block:
    """All ten outcomes: how many, what each means, and its finer kinds."""
    rows = [
        {
            "outcome": entry.outcome,
            "deliveries": entry.deliveries,
            "share": entry.share,
            "meaning": entry.meaning,
            "details": "; ".join(
                f"{wording.say_detail(code)} ({number:,})" for code, number in entry.details.items()
            )
            if len(entry.details) > 1 or entry.outcome not in entry.details
            else "",
        }
        for entry in facts.outcomes
    ]
    columns = [
        Column("outcome", "Outcome", "outcome"),
        Column("deliveries", "Deliveries", "count"),
        Column("share", "Share", "share"),
        Column("meaning", "Meaning"),
        Column("details", "Of these"),
    ]
    return table(rows, columns)


def endpoints(facts: Facts, *, limit: int = 50) -> Block:
    """How each endpoint did: the guide's delivery status, seen from both sides."""
    by_trouble = sorted(
        facts.endpoints, key=lambda e: (-e.failed - e.possibly_missed, -e.attempts, e.endpoint_url)
    )
    rows = [
        {
            **{name: getattr(entry, name) for name in entry.__dataclass_fields__},
            "endpoint_url": entry.endpoint_url or "endpoint not known",
            "delivered_share": entry.delivered / entry.deliveries if entry.deliveries else None,
        }
        for entry in by_trouble[:limit]
    ]
    columns = [
        Column("endpoint_url", "Endpoint", "url"),
        Column("attempts", "Attempts", "count"),
        Column("success_rate", "Succeeded", "share"),
        Column("failure_rate", "Failed", "percent"),
        Column("error_rate", "4xx, 5xx", "percent"),
        Column("unanswered", "No answer", "count"),
        Column("missed", "Missed", "count"),
        Column("possibly_missed", "Possibly missed", "count"),
        Column("lag_p50_ms", "Lag: median", "ms"),
        Column("lag_p95_ms", "95 %", "ms"),
        Column("lag_p99_ms", "99 %", "ms"),
    ]
    return table(rows, columns, total=len(by_trouble), empty="No endpoint is known.")


def deliveries(
    ws: Database, names: Sequence[str], period: Period | None = None, *, limit: int = 50
) -> Block:
    """The deliveries of some outcomes, one by one; ids ready to be copied.

    Args:
        ws: A reconciled workspace.
        names: Outcomes, such as `["missed"]`.
        period: `facts.period`; all by default.
        limit: Longest list; the rest is counted.
    """
    window = None
    if period is not None and period.since and period.until:
        window = Window(period.since, period.until, "")
    frame = ask(ws, "listed_deliveries", window, outcomes=list(names), most=limit)
    records = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    rows = [
        {**row, "sender": wording.say_sender(row), "detail": wording.say_detail(str(row["detail"]))}
        for row in records
    ]
    columns = [
        Column("event_uuid", "Event and its type", "id", under="event_type"),
        Column("endpoint_url", "Endpoint", "url"),
        Column("happened_at", "First attempt", "time"),
        Column("sender", "Sender's last word"),
    ]
    if "duplicated" in names:
        columns += [
            Column("accepted_count", "Accepted", "count"),
            Column("processed_count", "Processed", "count"),
        ]
    if len(names) > 1:
        columns.insert(0, Column("outcome", "Outcome", "outcome"))
    columns.append(Column("detail", "How we know"))
    total = int(frame["total"].iloc[0]) if len(frame) else 0
    words = " or ".join(names)
    return table(rows, columns, total=total, empty=f"No delivery was {words} in this period.")


def unknowns(facts: Facts) -> Block:
    """What could not be known: why, and what would close the gap."""
    rows = [
        {
            "deliveries": entry.deliveries,
            "reason": entry.reason[:1].upper() + entry.reason[1:],
            "hint": entry.hint[:1].upper() + entry.hint[1:],
            "when": markup.days(entry.first_at, entry.last_at) if entry.first_at else "",
        }
        for entry in facts.unknowns
    ]
    columns = [
        Column("deliveries", "Deliveries", "count"),
        Column("reason", "Why it cannot be told"),
        Column("hint", "What closes the gap"),
        Column("when", "Deliveries of"),
    ]
    return table(rows, columns, empty="Nothing was left open: every delivery could be judged.")


def clocks(facts: Facts, *, limit: int = 40) -> Block:
    """How far each receiver's clock is from the sender's, and what that rests on."""
    by_day = sorted(facts.clocks, key=lambda c: (c.stream, c.day is None, c.day or date.min))
    rows = [wording.say_clock(entry) for entry in by_day[:limit]]
    columns = [
        Column("stream", "Log"),
        Column("day", "Day"),
        Column("offset", "Receiver's clock minus sender's"),
        Column("between", "Between"),
        Column("pairs", "Pairs", "count"),
        Column("method", "How it was found"),
    ]
    empty = "No clock could be compared."
    return table(rows, columns, total=len(facts.clocks), empty=empty)


def files(facts: Facts, *, limit: int = 60) -> Block:
    """What was read, file by file, and what could not be read."""
    rows = [
        {
            "path": wording.short_path(entry.path),
            "status": entry.status,
            "log": " · ".join(part for part in (entry.layer or entry.side, entry.stream) if part),
            "format": entry.format,
            **(_counts(entry) if entry.status != "refused" else {}),
            "note": wording.say_file(entry.reason, entry.integrity, entry.tail_bytes),
        }
        for entry in sorted(facts.files, key=lambda f: (f.status != "refused", f.path))[:limit]
    ]
    columns = [
        Column("path", "File"),
        Column("status", "Status"),
        Column("log", "Log"),
        Column("format", "Format"),
        Column("records", "Records", "count"),
        Column("kept", "Kept", "count"),
        Column("rejected", "Rejected", "count"),
        Column("note", "To know"),
    ]
    read = table(rows, columns, total=len(facts.files), empty="No file was loaded.")
    if not facts.rejects:
        words = "Every record of every loaded file could be read."
        return Block(f'{read.html}<p class="hk-note">{words}</p>', f"{read.text}\n{words}")
    rejected = [
        {
            "path": wording.short_path(entry.path),
            "reason": entry.reason.replace("_", " "),
            "records": entry.records,
            "first_line": entry.first_line,
            "detail": entry.detail,
        }
        for entry in facts.rejects[:limit]
    ]
    columns = [
        Column("path", "File"),
        Column("reason", "Reason"),
        Column("records", "Records", "count"),
        Column("first_line", "First at line", "count"),
        Column("detail", "How far it could be read"),
    ]
    caption = "Records that could not be read"
    lost = table(rejected, columns, caption=caption, total=len(facts.rejects))
    return Block(f"{read.html}{lost.html}", f"{read.text}\n{lost.text}")


def _counts(file: FileFacts) -> dict[str, int]:
    return {"records": file.records, "kept": file.kept, "rejected": file.rejected}


def _headline(facts: Facts) -> str:
    top = facts.headline
    if not top.judged:
        return "No delivery falls into this period, so there is nothing to judge."
    apart = [
        (top.missed, "never arrived"),
        (facts.count("refused"), "were refused" if facts.count("refused") > 1 else "was refused"),
        (facts.count("unprocessed"), "never got processed"),
        (facts.count("undetermined"), "could not be checked"),
    ]
    parts = [f"{count(number)} {words}" for number, words in apart if number]
    if not parts:
        every = (
            f"All {count(top.judged)} webhooks were" if top.judged > 1 else "The one webhook was"
        )
        return f"{every} delivered."
    tail = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    whole = f"{count(top.delivered)} of {plural(top.judged, 'webhook')}"
    verb = "was" if top.delivered == 1 else "were"
    return f"{whole} {verb} delivered ({percent(top.delivered, top.judged)}); {tail}."


def _also(facts: Facts) -> str:
    duplicates, parts = facts.duplicates, []
    if duplicates.deliveries:
        text = f"{count(duplicates.deliveries)} arrived more than once"
        if duplicates.harmful:
            text += f", {count(duplicates.harmful)} of them with harm: processed more than once"
        parts.append(text)
    if number := facts.count("unacknowledged"):
        parts.append(
            f"{count(number)} arrived although the sender calls them failed: do not resend"
        )
    if number := facts.count("unexpected"):
        parts.append(f"{count(number)} arrived that the sender's export does not know")
    if number := facts.count("pending"):
        parts.append(f"{count(number)} still pending")
    if facts.totals.tests:
        parts.append(f"{plural(facts.totals.tests, 'test event')} left out")
    return ". ".join(parts) + "." if parts else ""


def _card(facts: Facts, outcome: str, name: str, section: str, words: str) -> str:
    top = facts.headline
    number = {
        "missed": top.missed,
        "undetermined": top.possibly_missed,
        "delivered": top.delivered,
    }.get(outcome)
    number = facts.count(outcome) if number is None else number
    shown, small = count(number), words
    if outcome == "delivered" and top.judged:
        shown, small = percent(number, top.judged), f"{count(number)} of {count(top.judged)}"
    elif top.judged and number:
        small = f"{percent(number, top.judged)} · {words}"
    if outcome == "duplicated" and facts.duplicates.harmful:
        small = f"{plural(facts.duplicates.harmful, 'delivery')} processed more than once"
    zero = "" if number else " hk-zero"
    return (
        f'<a class="hk-card{zero}" href="#{section}"><i class="hk-{outcome}"></i>'
        f'<span class="hk-name">{name}</span><b>{shown}</b><small>{escape(small)}</small></a>'
    )
