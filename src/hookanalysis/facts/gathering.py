"""Gather the facts of a workspace: what reports, exit codes, the CLI and tests all read.

Finished results are counted here, nothing is judged, and no wall clock enters: the same workspace
gives the same facts. The counting is done by `sql/report/*.sql`; the shape is in `measures.py`.
What became of each day, as the runs of `daily` found it, is noted, compared, and kept when pruned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.load.manifest import drop_records
from hookanalysis.load.offers import find_samples
from hookanalysis.tables import OUTCOMES, RESULTS, SCHEMA_VERSION
from hookanalysis.verdict.findings import Finding, Shown, judge_period, load_rules, read_finding
from hookanalysis.words import explain_reason, say_evidence, say_seen
from hookanalysis.zones import check_zone, to_utc

from . import measures
from .period import Period, ask, check_year, day_bounds

T = TypeVar("T")

MAX_HOLES = 20  # of one log, the longest
FILE_STATUSES = ("loaded", "grown", "unchanged", "refused")
_NONE: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
_GENERAL_HINT = "load the log or export that covers this time, then reconcile again"


def facts(
    db: Database,
    *,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    timezone: str = "UTC",
    endpoint: str = "",
    event_type: str = "",
) -> measures.Facts:
    """Count what was found, for all time or for one period.

    Args:
        db: A reconciled workspace.
        since: From here on; UTC, naive or with a zone; text without a zone is of `timezone`.
        until: Up to here, exclusive. Where `reconcile` was given bounds, they hold too.
        timezone: Zone of the days and times that reports show.
        endpoint: Only deliveries for it: its URL, or enough of it to know it by; or a host, for all
            of its endpoints.
        event_type: Only deliveries of it.

    Raises:
        InputError: The results are absent or stale, the bounds are the wrong way round, or there
            is no such zone, endpoint or event type.
    """
    check_zone(timezone)
    check_results(db)
    asked = Period(
        *_bounds(db, _moment(since, timezone), _moment(until, timezone)),
        endpoint=_choose_host(db, endpoint) or _choose(db, "endpoint_url", endpoint),
        event_type=_choose(db, "event_type", event_type),
    )
    (sums,) = ask(db, "totals", asked)
    ends = {name: sums[name] for name in ("first_at", "last_at", "horizon")}
    period = replace(asked, **ends, timezone=timezone)
    return _gather(db, asked, period, sums)


def _gather(db: Database, asked: Period, period: Period, sums: dict[str, Any]) -> measures.Facts:
    """Count all the rest, in UTC: `period` is what readers are shown."""
    counted = {row["outcome"]: row for row in ask(db, "outcomes", asked)}
    none = {"deliveries": 0, "tests": 0, "details": {}, "share": 0.0 if counted else None}
    outcomes = [
        none | {"outcome": name, "meaning": meaning} | counted.get(name, {})
        for name, meaning in OUTCOMES.items()
    ]
    files = read_rows(measures.FileFacts, ask(db, "files"))
    statuses = Counter(file.status for file in files)
    start = period.since or period.first_at
    end = period.until or max((at for at in (period.last_at, period.horizon) if at), default=None)
    whole = start and end and start < end
    (duplicates,) = read_rows(measures.Duplicates, ask(db, "duplicates", asked))
    (tzdata,) = (db.rows("SELECT tzdata FROM meta") or [(None,)])[0]
    return measures.Facts(
        period=period,
        totals=read_rows(measures.Totals, [sums])[0],
        headline=read_rows(measures.Headline, [sums])[0],
        outcomes=read_rows(measures.OutcomeCount, outcomes),
        duplicates=duplicates,
        endpoints=tuple(
            replace(entry, outcomes=_NONE | entry.outcomes)
            for entry in read_rows(measures.EndpointFacts, ask(db, "endpoint_facts", asked))
        ),
        unknowns=tuple(_explain_unknown(**row) for row in ask(db, "unknowns", asked)),
        coverage=read_coverage(db, *((start, end) if whole else (None, None))),
        clocks=read_rows(measures.ClockOffset, ask(db, "clocks", asked)),
        file_counts={status: statuses[status] for status in FILE_STATUSES},
        files=files,
        rejects=read_rows(measures.RejectCount, ask(db, "rejects")),
        findings=_mark_known(db, period, *_judge_days(db, period), *_show_cases(db, asked)),
        resends=measures.Resends(**dict.fromkeys(_names(measures.Resends), 0) | sums["advice"]),
        sample=_is_sample(files),
        versions=measures.Versions(
            metadata.version("hookanalysis"), SCHEMA_VERSION, tzdata or "", measures.FACTS_VERSION
        ),
    )


def _is_sample(files: tuple[measures.FileFacts, ...]) -> bool:
    with find_samples() as folder:
        return bool(files) and all(Path(file.path).is_relative_to(folder) for file in files)


def _show_cases(db: Database, asked: Period) -> Iterator[Finding]:
    """The findings of the period, each with what it showed there."""
    seen = {(row["rule_id"], row["endpoint_url"]): row for row in ask(db, "seen", asked)}
    for row in ask(db, "findings", asked):
        found = read_finding(*row.values())
        if shown := seen.get((found.rule_id, found.endpoint_url)):
            lines = tuple(
                Shown(
                    line["happened_at"],
                    say_evidence(found.rule_id, line),
                    line["file"] or "",
                    line["line"],
                )
                for line in shown["lines"]
            )
            found = replace(found, seen=say_seen(shown["answers"], shown["messages"]), lines=lines)
        yield found


def _judge_days(db: Database, period: Period) -> list[Finding]:
    """What is to be said of whole days: those asked for; else those between the first and the last.

    Where there are none, the days of the first and the last delivery are taken whole.
    """
    since, until = period.since or period.first_at, period.until or period.last_at
    if since is None or until is None:
        return []
    if not (period.since and period.until) and until - since < timedelta(days=2):
        since, _ = day_bounds(period.local(since).date(), period.timezone)
        _, until = day_bounds(period.local(until).date(), period.timezone)
    return judge_period(db, {"since": since, "until": until, "zone": period.timezone})


def _mark_known(db: Database, period: Period, *found: Finding) -> tuple[Finding, ...]:
    """Findings with the notes of those who know of them; these come last."""
    notes, end = db.rows("FROM acknowledgements ORDER BY ALL DESC"), period.ends and period.ends[1]
    marked = []
    for one in found:
        last = min((at for at in (one.last_at, end) if at), default=None)
        day = last and period.local(last).date()
        told = (
            f"{note} (until {until})" if until else str(note)
            for rule, url, until, note in notes
            if rule == one.rule_id and url in {"", one.endpoint_url}
            if until is None or day is None or day <= until
        )
        marked.append(replace(one, acknowledged=next(told, "")))
    return tuple(sorted(marked, key=lambda one: bool(one.acknowledged)))


def acknowledge(db: Database, rule: str, note: str, endpoint: str, until: date | None) -> None:
    """Note that a problem is known; see `Workspace.acknowledge`."""
    rules = [entry.id for entry in load_rules()]
    if rule not in rules:
        raise InputError(f"there is no rule {rule!r}", hint=f"one of: {', '.join(rules)}")
    if endpoint:
        check_results(db)
    place = [rule, _choose(db, "endpoint_url", endpoint)]
    with db.transaction():
        db.con.execute("DELETE FROM acknowledgements WHERE (rule_id, endpoint_url) = (?, ?)", place)
        db.con.execute("INSERT INTO acknowledgements VALUES (?, ?, ?, ?)", [*place, until, note])


def read_coverage(
    db: Database, start: datetime | None, end: datetime | None, most: int = MAX_HOLES
) -> tuple[measures.StreamCoverage, ...]:
    """How far each log and export testifies for a time, with its longest holes."""
    logs = read_rows(measures.StreamCoverage, ask(db, "coverage", start=start, end=end, most=most))
    return tuple(replace(log, holes=read_rows(measures.Hole, log.holes)) for log in logs)


def _names(kind: Any) -> list[str]:
    return [part.name for part in fields(kind)]


def read_rows(kind: type[T], rows: Any) -> tuple[T, ...]:
    """Rows as what they are: each field has the name of its column."""
    names = _names(kind)
    return tuple(kind(**{name: row[name] for name in names}) for row in rows)


def _explain_unknown(code: str, reason: str, **more: Any) -> measures.Unknown:
    says, remedy = explain_reason(reason)
    return measures.Unknown(code or "unknown", reason=says, hint=remedy or _GENERAL_HINT, **more)


def _moment(text: datetime | str | None, timezone: str) -> datetime | None:
    """A time as it was asked for, in UTC."""
    if isinstance(text, str):
        if not text.strip():
            return None
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError as error:
            hint = "write it as 2026-11-22 or 2026-11-22 14:30"
            raise InputError(f"{text!r} is no time", hint=hint) from error
        check_year(at)
        text = at if at.tzinfo else to_utc(at, timezone)
    return text.astimezone(UTC).replace(tzinfo=None) if text and text.tzinfo else text


def _choose_host(db: Database, words: str) -> str:
    """`words`, where they are the host of several endpoints."""
    query = "SELECT COUNT(DISTINCT endpoint_url) FROM deliveries WHERE endpoint_url LIKE $start"
    ((number,),) = db.rows(query, {"start": f"%://{words}/%"}) if words else [(0,)]
    return words.lower() if number > 1 and "/" not in words else ""


def _choose(db: Database, column: str, words: str) -> str:
    """The one value of a column of `deliveries` that `words` are, or are a part of."""
    if not words:
        return ""
    rows = db.rows(f"SELECT DISTINCT {column} FROM deliveries WHERE {column} <> '' ORDER BY 1")  # noqa: S608
    known: list[str] = [value for (value,) in rows]
    fitting = [words] if words in known else [value for value in known if words in value]
    if len(fitting) != 1:
        name = column.removesuffix("_url").replace("_", " ")
        shown = ", ".join(value[:100] for value in (fitting or known)[:10])
        which = "several fit" if fitting else "none fits"
        raise InputError(f"{name} {words!r}: {which}", hint=f"one of: {shown or 'none is known'}")
    return fitting[0]


def check_results(db: Database) -> None:
    """Check that there are results, of all that is loaded.

    Raises:
        InputError: They are absent or stale.
    """
    hint = "run `hookanalysis reconcile`, or ws.reconcile()"
    if not all(db.has(table.name) for table in RESULTS):
        raise InputError("there are no results yet", where=db.path, hint=hint)
    newer = db.rows(
        """
        SELECT path FROM files
        WHERE status IN ('loaded', 'grown')
          AND file_id > COALESCE((SELECT MAX(reconciled_file_id) FROM meta), -1)
        ORDER BY file_id
        """
    )
    if newer:
        raise InputError(
            "the results are older than the data",
            reason=f"{len(newer):,} files were loaded after the last reconciliation",
            where=f"{db.path}, first {newer[0][0]}",
            hint=hint,
        )


def _bounds(
    db: Database, since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    judged = db.rows("SELECT since_at, until_at FROM settings") or [(None, None)]
    starts = [at for at in (since, judged[0][0]) if at is not None]
    ends = [at for at in (until, judged[0][1]) if at is not None]
    if since is not None and until is not None and max(starts) >= min(ends):
        raise InputError(
            "the period is empty",
            reason=f"it would reach from {max(starts)} to {min(ends)} UTC",
            hint="`since` must lie before `until`, and both within what was reconciled",
        )
    return max(starts, default=None), min(ends, default=None)


def note_days(db: Database, day: date, timezone: str) -> dict[date, str]:
    """Note what became of each day up to `day`, as far as it is not noted like that.

    The workspace is in a transaction of the caller. A run about an earlier day is noted under the
    latest. Returns what `find_changes` does.
    """
    query = "SELECT GREATEST(?, MAX(as_of)) FROM history WHERE timezone = ?"
    ((day,),) = db.rows(query, [day, timezone])
    # What a run about the same day has noted, it would note again.
    again = "DELETE FROM history WHERE timezone = ? AND as_of = ? AND NOT pruned"
    db.con.execute(again, [timezone, day])
    ask(db, "note_days", Period(until=day_bounds(day, timezone)[1], timezone=timezone), day=day)
    return find_changes(db, day, timezone)


def find_changes(db: Database, day: date, timezone: str) -> dict[date, str]:
    """Days that a late log, export or resend changed, as a run about `day` found: day → how."""
    found: dict[date, list[str]] = {}
    for row in ask(db, "changed_days", Period(timezone=timezone), day=day):
        told = found.setdefault(row["day"], [])
        if row["before"] != row["now"]:
            told.append(f"{row['before']:,} \N{RIGHTWARDS ARROW} {row['now']:,} {row['outcome']}")
    return {day: ", ".join(told) or "as many of each outcome" for day, told in found.items()}


def read_days(db: Database, timezone: str) -> list[dict[str, Any]]:
    """Each noted day of a zone, with its sums over all endpoints; the latest day comes last."""
    return ask(db, "noted_days", Period(timezone=timezone))


def prune(db: Database, before: date) -> tuple[str, ...]:
    """Drop the records of old logs and exports; see `Workspace.prune`."""
    zones = [zone for (zone,) in db.rows("SELECT DISTINCT timezone FROM history ORDER BY 1")]
    starts = [day_bounds(before, zone)[0] for zone in zones or ["UTC"]]
    with db.transaction():
        for zone in zones or ["UTC"]:
            note_days(db, before - timedelta(days=1), zone)
        db.con.execute("UPDATE history SET pruned = TRUE WHERE day < ?", [before])
        db.con.execute(
            """
            DELETE FROM history AS old USING history AS late WHERE old.pruned AND late.pruned
              AND old.as_of < late.as_of AND (old.timezone, old.day, old.endpoint_url)
                = (late.timezone, late.day, late.endpoint_url)
            """
        )
        # A day more is kept, for clocks that differ: what its edge does to a verdict, nobody sees.
        gone = drop_records(db, min(starts) - timedelta(days=1))
    db.con.execute("CHECKPOINT")
    return gone
